//! `tmpcopyup`: a tmpfs that begins with what the folder below it held.
//!
//! Folders, files and links with their modes and owners; of anything else an image has
//! no business to be copied. Every name is opened below its folder's descriptor, and
//! no link is followed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, chmodat, chownat, mkdirat,
    openat, readlinkat, statat, symlinkat,
};

use crate::root::reopen;

/// Copies what is in the folder `from` into the folder `to`.
pub(super) fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<()> {
    let from = reopen(from, OFlags::RDONLY | OFlags::DIRECTORY)?;
    for entry in Dir::read_from(&from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        copy_one(&from, to, name)
            .with_context(|| format!("copy {}", name.to_string_lossy()))?;
    }
    Ok(())
}

fn copy_one(from: &OwnedFd, to: BorrowedFd<'_>, name: &std::ffi::CStr) -> Result<()> {
    let facts = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let beneath = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match FileType::from_raw_mode(facts.st_mode) {
        FileType::Directory => {
            mkdirat(to, name, Mode::RWXU)?;
            let folder = beneath | OFlags::RDONLY | OFlags::DIRECTORY;
            let below = openat(from, name, folder, Mode::empty())?;
            let made = openat(to, name, folder, Mode::empty())?;
            copy(below.as_fd(), made.as_fd())?;
        }
        FileType::RegularFile => {
            let source = openat(from, name, beneath | OFlags::RDONLY, Mode::empty())?;
            let fresh = beneath | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
            let made = openat(to, name, fresh, Mode::RUSR | Mode::WUSR)?;
            io::copy(
                &mut std::fs::File::from(source),
                &mut std::fs::File::from(made),
            )?;
        }
        FileType::Symlink => symlinkat(readlinkat(from, name, Vec::new())?, to, name)?,
        _ => return Ok(()),
    }
    own(to, name, &facts)
}

/// Owner first: chown(2) takes away the set-user-ID bits that the mode then gives.
fn own(to: BorrowedFd<'_>, name: &std::ffi::CStr, facts: &Stat) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(facts.st_uid), Gid::from_raw(facts.st_gid));
    chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(facts.st_mode) != FileType::Symlink {
        let mode = Mode::from_raw_mode(facts.st_mode & 0o7777);
        chmodat(to, name, mode, AtFlags::empty())?;
    }
    Ok(())
}
