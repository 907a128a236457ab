//! A root file system, and safe ways into it.
//!
//! Every path below a container's root may have been prepared by an enemy: `/dev` a
//! link to `/etc`, `/proc` a link to `/proc/self/fd`. So no path is ever put together
//! and opened; the kernel resolves it with openat2(2), where `RESOLVE_IN_ROOT` takes
//! links and `..` as inside the root, and `RESOLVE_NO_MAGICLINKS` refuses the links of
//! procfs that lead out. What comes back is a descriptor, and the name is not used
//! again.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, open, openat, openat2};
use rustix::io::Errno;

/// The root of a file system tree, held open.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens the folder `path`, itself trusted, as a root.
    ///
    /// # Errors
    /// If it is missing or not a folder.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty())
            .with_context(|| format!("open the root {}", path.display()))?;
        Self::over(fd, path)
    }

    /// A root over a descriptor that is already there.
    pub(crate) fn over(fd: OwnedFd, path: &Path) -> Result<Self> {
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// Where the root was found, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds what is at `path` (absolute, as the container sees it), following links.
    ///
    /// # Errors
    /// ENOENT if nothing is there; ELOOP for a link of procfs. The kernel's errno is
    /// the source of the error.
    pub fn resolve(&self, path: &Path) -> Result<OwnedFd> {
        self.find(path, OFlags::PATH)
            .with_context(|| format!("find {} in the root", path.display()))
    }

    /// As [`resolve`](Self::resolve), with `None` where nothing is there.
    pub(crate) fn look(&self, path: &Path) -> Result<Option<OwnedFd>> {
        match self.find(path, OFlags::PATH) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => {
                Err(errno).with_context(|| format!("find {} in the root", path.display()))
            }
        }
    }

    /// As [`resolve`](Self::resolve), but a link in the last place is not followed:
    /// the answer stands for the link itself.
    pub(crate) fn look_at_link(&self, path: &Path) -> Option<OwnedFd> {
        self.find(path, OFlags::PATH | OFlags::NOFOLLOW).ok()
    }

    /// Finds the folder `path`, and makes it (mode 0755) with all above it if missing.
    ///
    /// # Errors
    /// Where a link points at nothing, or a part of the path is not a folder.
    // ANCHOR: make_dir
    pub fn make_dir(&self, path: &Path) -> Result<OwnedFd> {
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = self.resolve(Path::new("/"))?;
        let mut walked = PathBuf::from("/");
        let mut made = false;
        for part in path.strip_prefix("/").unwrap_or(path).components() {
            walked.push(part);
            if let (false, Ok(fd)) = (made, self.find(&walked, folder)) {
                at = fd;
                continue;
            }
            // From the first missing folder on, each is made below the descriptor of
            // the one before, and a link that took its place is not followed.
            made = true;
            let Component::Normal(name) = part else {
                bail!(
                    "{} climbs out of a folder that is not there",
                    path.display()
                );
            };
            match mkdirat(&at, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => Err(errno)
                    .with_context(|| format!("make {} in the root", walked.display()))?,
            }
            at = match openat(&at, name, folder | OFlags::NOFOLLOW, Mode::empty()) {
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    bail!(
                        "open {}: it is no folder, or a link to nothing",
                        walked.display()
                    )
                }
                opened => opened
                    .with_context(|| format!("open {} in the root", walked.display()))?,
            };
        }
        Ok(at)
    }
    // ANCHOR_END: make_dir

    /// Finds the file `path`, and makes it (empty, mode 0644) if nothing is there.
    ///
    /// # Errors
    /// As [`make_dir`](Self::make_dir).
    pub fn make_file(&self, path: &Path) -> Result<OwnedFd> {
        if let Some(fd) = self.look(path)? {
            return Ok(fd);
        }
        let (parent, name) = split(path)?;
        let parent = self.make_dir(parent)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDONLY | OFlags::CLOEXEC;
        openat(&parent, name, flags, Mode::from_raw_mode(0o644))
            .with_context(|| format!("make the file {} in the root", path.display()))
    }

    /// Reads the regular file `path`, or fails if it is longer than `limit` bytes.
    ///
    /// For files that an image brings and the host must believe only so far, such as
    /// `/etc/passwd`: a FIFO there does not hang, a device is not opened.
    ///
    /// # Errors
    /// If it is missing (the source is ENOENT), not a regular file, or too long.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>> {
        let shown = path.display();
        let fd = self.resolve(path)?;
        let kind = rustix::fs::fstat(&fd).with_context(|| format!("look at {shown}"))?;
        let kind = rustix::fs::FileType::from_raw_mode(kind.st_mode);
        ensure!(kind.is_file(), "{shown} is not a regular file");
        let file = reopen(fd.as_fd(), OFlags::RDONLY)
            .with_context(|| format!("open {shown} in the root"))?;
        let mut bytes = Vec::new();
        File::from(file)
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("read {shown} in the root"))?;
        ensure!(
            bytes.len() as u64 <= limit,
            "{shown} is longer than {limit} bytes"
        );
        Ok(bytes)
    }

    fn find(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let path = if path.as_os_str().is_empty() {
            Path::new("/")
        } else {
            path
        };
        loop {
            // EAGAIN says that something was renamed meanwhile, and the kernel cannot
            // be sure that a `..` stayed inside (openat2(2)): then it looks again.
            match openat2(&self.fd, path, flags | OFlags::CLOEXEC, Mode::empty(), how) {
                Err(Errno::AGAIN) => {}
                answer => return answer,
            }
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The folder and the name of a path inside a root.
pub(crate) fn split(path: &Path) -> Result<(&Path, &std::ffi::OsStr)> {
    let name = path.file_name();
    let name = name.with_context(|| format!("{} names no file", path.display()))?;
    Ok((path.parent().unwrap_or(Path::new("/")), name))
}

/// Opens again, with rights, what an `O_PATH` descriptor stands for.
pub(crate) fn reopen(fd: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    openat(CWD, magic_link(fd), flags | OFlags::CLOEXEC, Mode::empty())
}

/// The path by which a descriptor's file can be named: of the host's own procfs.
pub(crate) fn magic_link(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd))
}
