//! What a container must not touch: masked paths, read-only paths, a read-only root.
//!
//! All of it happens after [`pivot`](crate::pivot), when `/` is the container's own:
//! give `Root::open("/")`.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{CWD, FileType, fstat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsmount,
    fsopen, open_tree,
};
use workbench::steps::step;

use crate::CHAPTER;
use crate::attributes::{Attributes, RDONLY, mount_setattr};
use crate::devices;
use crate::plan::place;
use crate::root::Root;

const READ_ONLY: Attributes = Attributes {
    set: RDONLY,
    clear: 0,
};

/// Hides paths: a file behind `/dev/null`, a folder behind an empty tmpfs that cannot
/// be written. What does not exist needs no mask.
///
/// # Errors
/// If `/dev/null` is not the null device, or a mount is refused.
// ANCHOR: mask
pub fn mask(root: &Root, paths: &[PathBuf]) -> Result<()> {
    let mut null = None;
    let mut empty = None;
    for path in paths {
        let Some(target) = root.look(path)? else {
            continue;
        };
        let kind = FileType::from_raw_mode(fstat(&target)?.st_mode);
        let (what, cover) = if kind.is_dir() {
            ("an empty tmpfs", &mut empty)
        } else {
            ("/dev/null", &mut null)
        };
        let cover = match cover {
            Some(first) => devices::clone(OwnedFd::as_fd(first))
                .with_context(|| format!("clone {what}"))?,
            None if kind.is_dir() => empty_folder().context("make an empty tmpfs")?,
            None => {
                devices::clone(devices::null(root)?.as_fd()).context("clone /dev/null")?
            }
        };
        step(
            CHAPTER,
            format_args!("move_mount({what} -> {path:?})"),
            "the kernel answers for the whole machine here; the container need not know",
            || place(&cover, target.as_fd()),
        )
        .with_context(|| format!("mask {} with {what}", path.display()))?;
        // One cover for all: what is in its place can be cloned for the next.
        if kind.is_dir() { &mut empty } else { &mut null }.get_or_insert(cover);
    }
    Ok(())
}
// ANCHOR_END: mask

/// Makes paths, and what is mounted below them, read-only. What does not exist is
/// left out; the flags that a mount has already stay.
///
/// # Errors
/// If a mount is refused.
pub fn read_only(root: &Root, paths: &[PathBuf]) -> Result<()> {
    for path in paths {
        let Some(target) = root.look(path)? else {
            continue;
        };
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH
            | OpenTreeFlags::AT_RECURSIVE;
        let view = open_tree(&target, "", flags)
            .with_context(|| format!("clone the mount at {}", path.display()))?;
        step(
            CHAPTER,
            format_args!("mount_setattr({path:?}, AT_RECURSIVE, set=RDONLY)"),
            "a second view of the same files that cannot be written",
            || mount_setattr(view.as_fd(), true, READ_ONLY, 0),
        )
        .with_context(|| format!("make {} read-only", path.display()))?;
        place(&view, target.as_fd())
            .with_context(|| format!("put it in the place of {}", path.display()))?;
    }
    Ok(())
}

/// Makes the mount on `/` read-only: that one, not what is mounted below it.
///
/// # Errors
/// If `/` is not the top of a mount.
pub fn make_root_read_only() -> Result<()> {
    let root = open_tree(CWD, Path::new("/"), OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .context("open /")?;
    step(
        CHAPTER,
        format_args!("mount_setattr(\"/\", 0, set=RDONLY)"),
        "last, when nothing has to be made in it any more",
        || mount_setattr(root.as_fd(), false, READ_ONLY, 0),
    )
    .context("make / read-only")
}

/// A read-only mount of the file `path` alone, without a place: what is opened or
/// executed through it cannot be written, whatever the mount that it was cloned from.
///
/// # Errors
/// EPERM without `CAP_SYS_ADMIN` over the mount namespace.
pub fn read_only_view(path: &Path) -> Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let shown = path.display();
    let view = open_tree(CWD, path, flags)
        .with_context(|| format!("clone the mount at {shown}"))?;
    mount_setattr(view.as_fd(), false, READ_ONLY, 0)
        .with_context(|| format!("make the view of {shown} read-only"))?;
    Ok(view)
}

fn empty_folder() -> Result<OwnedFd> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let flags = MountAttrFlags::MOUNT_ATTR_RDONLY;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?)
}
