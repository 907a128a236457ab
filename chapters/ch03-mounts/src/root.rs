//! A root file system, and safe ways into it.
//!
//! Every path below a container's root may have been prepared by an enemy: `/dev` a
//! link to `/etc`, `/proc` a link to `/proc/self/fd`. So no path is ever put together
//! and opened; the kernel resolves it with openat2(2), where `RESOLVE_IN_ROOT` takes
//! links and `..` as inside the root, and `RESOLVE_NO_MAGICLINKS` refuses the links of
//! procfs that lead out. What comes back is a descriptor, and the name is not used
//! again.
//!
//! Inside the root an enemy may still be at work, when two containers share one: he
//! renames `proc`, and the mount that was put there goes along to the new name. So a
//! root holds on to the file systems that were made in it, and a path below one of
//! them begins there, not at the name (see [`Root::inside`]).

mod make;

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat, openat2};
use rustix::io::Errno;

/// The root of a file system tree, held open.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
    /// What was mounted in it, by its target, later ones last.
    held: RefCell<Vec<(PathBuf, Rc<OwnedFd>)>>,
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
            held: RefCell::default(),
        })
    }

    /// The same root after it has become `/`, with hold of all that was mounted in it.
    ///
    /// # Errors
    /// If `/` cannot be opened.
    pub fn inside(self) -> Result<Self> {
        let inside = Self::open(Path::new("/"))?;
        inside.held.replace(self.held.take());
        Ok(inside)
    }

    /// Takes hold of a file system that was made for `target`: from now on paths below
    /// it begin there.
    pub(crate) fn hold(&self, target: &Path, mount: OwnedFd) {
        let mut held = self.held.borrow_mut();
        held.push((target.components().collect(), Rc::new(mount)));
    }

    /// Lets go of what is held at `target` and below: something else is to cover it.
    pub(crate) fn let_go(&self, target: &Path) {
        let covered = |(at, _): &(PathBuf, _)| at.starts_with(target);
        self.held.borrow_mut().retain(|held| !covered(held));
    }

    /// Where the way to `path` begins, and what is left of it. The path and what is held
    /// are spelled in one way only, so that they can be compared by their bytes.
    fn begin<'a>(&self, path: &'a Path) -> (Option<Rc<OwnedFd>>, &'a Path) {
        let climbs = path.components().any(|part| part == Component::ParentDir);
        let bytes = path.as_os_str().as_bytes();
        let held = self.held.borrow();
        let below = |(top, mount): &(PathBuf, Rc<OwnedFd>)| {
            let rest = bytes.strip_prefix(top.as_os_str().as_bytes())?;
            let inside = rest.is_empty() || rest.starts_with(b"/");
            let rest = rest.strip_prefix(b"/").unwrap_or(rest);
            let mount = || (Some(Rc::clone(mount)), Path::new(OsStr::from_bytes(rest)));
            inside.then(mount)
        };
        match held.iter().rev().find_map(below) {
            Some(found) if !climbs => found,
            _ => (None, path),
        }
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

    /// Reads the regular file `path`, or fails if it is longer than `limit` bytes; `None`
    /// where nothing is there.
    ///
    /// For files that an image brings and the host must believe only so far, such as
    /// `/etc/passwd`: a FIFO there does not hang, a device is not opened.
    ///
    /// # Errors
    /// If it is not a regular file, or too long.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
        let shown = path.display();
        let Some(fd) = self.look(path)? else {
            return Ok(None);
        };
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
        Ok(Some(bytes))
    }

    /// Finds the folder `path`; a link anywhere on the way to it is refused.
    pub(crate) fn look_without_links(&self, path: &Path) -> Result<Option<OwnedFd>> {
        let folder = OFlags::PATH | OFlags::DIRECTORY;
        match self.open_at(path, folder, ResolveFlags::NO_SYMLINKS) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                bail!("the target must be an ordinary directory, not a link")
            }
            Err(errno) => {
                Err(errno).with_context(|| format!("find {} in the root", path.display()))
            }
        }
    }

    fn find(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        self.open_at(path, flags, ResolveFlags::NO_MAGICLINKS)
    }

    // ANCHOR: open_at
    fn open_at(
        &self,
        path: &Path,
        flags: OFlags,
        links: ResolveFlags,
    ) -> Result<OwnedFd, Errno> {
        let how = ResolveFlags::IN_ROOT | links;
        let plain: PathBuf = path.components().collect();
        let (mount, path) = self.begin(&plain);
        let top = mount.as_deref().unwrap_or(&self.fd);
        let path = if path.as_os_str().is_empty() {
            Path::new("/")
        } else {
            path
        };
        loop {
            // EAGAIN says that something was renamed meanwhile, and the kernel cannot
            // be sure that a `..` stayed inside (openat2(2)): then it looks again.
            match openat2(top, path, flags | OFlags::CLOEXEC, Mode::empty(), how) {
                Err(Errno::AGAIN) => {}
                answer => return answer,
            }
        }
    }
    // ANCHOR_END: open_at
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
