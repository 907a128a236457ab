//! What is missing below a root, made: folders and files for mounts to be put on.
//!
//! An image may have a link there that points at nothing yet (`/etc/resolv.conf` is one
//! in many). What it points at is made, inside the root, as the container would see it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{Mode, OFlags, fstatfs, mkdirat, openat, readlinkat};
use rustix::io::Errno;

use super::{Root, split};
use crate::proc::MAGIC;

/// So many links to nothing are followed on one way.
const MOST_LINKS: u32 = 8;

impl Root {
    /// Finds the folder `path`, and makes it (mode 0755) with all above it if missing.
    ///
    /// # Errors
    /// Where a part of the path is not a folder.
    pub fn make_dir(&self, path: &Path) -> Result<OwnedFd> {
        self.make_dir_by(path, MOST_LINKS)
    }

    // ANCHOR: make_dir
    fn make_dir_by(&self, path: &Path, links: u32) -> Result<OwnedFd> {
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let shown = path.display();
        let (found, above) = (self.find(path, folder), path.parent());
        let (Err(_), Some(above)) = (&found, above) else {
            return found.with_context(|| format!("find {shown} in the root"));
        };
        let Some(Component::Normal(name)) = path.components().next_back() else {
            bail!("{shown} climbs out of a folder that is not there");
        };
        // What is missing is made below the descriptor of the folder above it.
        let above = self.make_dir_by(above, links)?;
        match mkdirat(&above, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => {
                Err(errno).with_context(|| format!("make {shown} in the root"))?
            }
        }
        match openat(&above, name, folder | OFlags::NOFOLLOW, Mode::empty()) {
            // No folder: perhaps a link, and then the way leads there.
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let target = target(above.as_fd(), path, links)?;
                self.make_dir_by(&target, links - 1)
            }
            opened => opened.with_context(|| format!("open {shown} in the root")),
        }
    }
    // ANCHOR_END: make_dir

    /// Finds the file `path`, and makes it (empty, mode 0644) if nothing is there.
    ///
    /// # Errors
    /// As [`make_dir`](Self::make_dir).
    pub fn make_file(&self, path: &Path) -> Result<OwnedFd> {
        self.make_file_by(path, MOST_LINKS)
    }

    fn make_file_by(&self, path: &Path, links: u32) -> Result<OwnedFd> {
        if let Some(fd) = self.look(path)? {
            return Ok(fd);
        }
        let (folder, name) = split(path)?;
        let parent = self.make_dir(folder)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDONLY | OFlags::CLOEXEC;
        match openat(&parent, name, flags, Mode::from_raw_mode(0o644)) {
            Err(Errno::EXIST) => {
                let target = target(parent.as_fd(), path, links)?;
                self.make_file_by(&target, links - 1)
            }
            made => made
                .with_context(|| format!("make the file {} in the root", path.display())),
        }
    }
}

/// Where the link `path`, which lies in `parent` and leads nowhere, points: a path of the
/// root's, still to be found.
fn target(parent: BorrowedFd<'_>, path: &Path, links: u32) -> Result<PathBuf> {
    let (folder, name) = split(path)?;
    let shown = path.display();
    // The links of procfs name what is elsewhere: nothing is made after them.
    if links == 0 || fstatfs(parent)?.f_type as i64 == MAGIC {
        bail!("open {shown}: a link that is not followed");
    }
    match readlinkat(parent, name, Vec::new()) {
        Ok(target) => Ok(folder.join(target.to_string_lossy().as_ref())),
        Err(Errno::INVAL) => bail!("open {shown}: it is no folder"),
        Err(errno) => Err(errno).with_context(|| format!("read the link {shown}")),
    }
}
