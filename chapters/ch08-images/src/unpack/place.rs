//! Places in a layer's tree: a folder that the kernel resolved, and one name in it.
//!
//! Everything here acts upon that name itself, never on what it may link to.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmodat, fstatat, makedev, mkdirat,
    mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use overlay::{whiteout, xattr};

/// A name in a folder, there or not.
pub(super) struct Place {
    pub(super) parent: Rc<OwnedFd>,
    pub(super) folder: PathBuf,
    pub(super) name: OsString,
}

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    Whiteout,
    Other,
}

impl Place {
    fn name(&self) -> &OsStr {
        &self.name
    }

    /// A path to it that goes through the folder's descriptor.
    pub(super) fn path(&self) -> PathBuf {
        let folder = format!("/proc/self/fd/{}", self.parent.as_raw_fd());
        Path::new(&folder).join(&self.name)
    }

    pub(super) fn kind(&self) -> Result<Option<Node>> {
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        let found = match fstatat(&*self.parent, self.name(), flag) {
            Err(Errno::ENOENT) => return Ok(None),
            answer => answer.context("look at what is there")?,
        };
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        Ok(Some(match kind {
            SFlag::S_IFDIR => Node::Folder,
            SFlag::S_IFCHR if found.st_rdev == 0 => Node::Whiteout,
            _ => Node::Other,
        }))
    }

    /// Whether another place is the same file already.
    pub(super) fn is_same(&self, other: &Self) -> Result<bool> {
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        let one = fstatat(&*self.parent, self.name(), flag).context("look at a file")?;
        Ok(fstatat(&*other.parent, other.name(), flag)
            .is_ok_and(|two| (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)))
    }

    pub(super) fn create(&self) -> nix::Result<File> {
        let flags = OFlag::O_CREAT
            | OFlag::O_EXCL
            | OFlag::O_WRONLY
            | OFlag::O_NOFOLLOW
            | OFlag::O_CLOEXEC;
        openat(
            &*self.parent,
            self.name(),
            flags,
            Mode::S_IRUSR | Mode::S_IWUSR,
        )
        .map(File::from)
    }

    pub(super) fn mkdir(&self) -> nix::Result<()> {
        mkdirat(&*self.parent, self.name(), Mode::S_IRWXU)
    }

    pub(super) fn unlink(&self) -> nix::Result<()> {
        unlinkat(&*self.parent, self.name(), UnlinkatFlags::NoRemoveDir)
    }

    pub(super) fn symlink(&self, to: &[u8]) -> nix::Result<()> {
        let to = OsString::from_vec(to.to_vec());
        symlinkat(to.as_os_str(), &*self.parent, self.name())
    }

    pub(super) fn hard_link(&self, to: &Self) -> nix::Result<()> {
        // Without a flag linkat(2) does not follow a link at the end.
        let flag = AtFlags::empty();
        linkat(&*to.parent, to.name(), &*self.parent, self.name(), flag)
    }

    pub(super) fn node(
        &self,
        kind: SFlag,
        (major, minor): (u32, u32),
    ) -> nix::Result<()> {
        let device = makedev(u64::from(major), u64::from(minor));
        mknodat(&*self.parent, self.name(), kind, Mode::empty(), device)
    }

    /// Gives it away; false when that owner does not exist in this user namespace,
    /// and it stays root's.
    pub(super) fn own(&self, uid: u32, gid: u32) -> Result<bool> {
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        match fchownat(&*self.parent, self.name(), uid, gid, flag) {
            Err(Errno::EINVAL | Errno::EPERM) => Ok(false),
            answer => answer.map(|()| true).context("set the owner"),
        }
    }

    /// Sets the mode. It is no link: whoever calls has just made it.
    pub(super) fn mode(&self, mode: u32) -> Result<()> {
        let mode = Mode::from_bits_truncate(mode);
        fchmodat(
            &*self.parent,
            self.name(),
            mode,
            FchmodatFlags::FollowSymlink,
        )
        .context("set the mode")
    }

    /// Sets the attributes that an image may bring along.
    pub(super) fn attributes(&self, attributes: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
        for (name, value) in attributes {
            let Ok(name) = CString::new(name.as_slice()) else {
                continue;
            };
            let allowed = name.as_bytes().starts_with(b"user.")
                || name.as_bytes() == b"security.capability";
            if !allowed || whiteout::is_reserved(&name) {
                continue;
            }
            match xattr::set(&self.path(), &name, value) {
                // The file system has none, or they are not ours to give.
                Err(Errno::EOPNOTSUPP | Errno::EPERM) => {}
                answer => {
                    answer.with_context(|| format!("set the attribute {name:?}"))?
                }
            }
        }
        Ok(())
    }

    /// Sets the time of change, and that of access to the same.
    pub(super) fn date(&self, (seconds, nanos): (i64, u32)) -> Result<()> {
        let time = TimeSpec::new(seconds, i64::from(nanos));
        let flag = UtimensatFlags::NoFollowSymlink;
        match utimensat(&*self.parent, self.name(), &time, &time, flag) {
            // Not every file system reaches as far as an archive.
            Err(Errno::EINVAL) => Ok(()),
            answer => answer.context("set the time"),
        }
    }
}
