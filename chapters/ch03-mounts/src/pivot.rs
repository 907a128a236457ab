//! The change of root: pivot_root(2), or for a ramdisk host a move of the mount.
//!
//! chroot(2) changes what `/` means to one process and leaves the host's mounts in
//! reach; pivot_root(2) exchanges the root of the whole mount namespace, and then the
//! old one can be taken away for good.

mod refused;

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, umount2};
use nix::unistd::{chdir, fchdir, pivot_root};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use workbench::diagnosis::explain;
use workbench::steps::step;

use crate::CHAPTER;
use crate::propagation::{Propagation, propagate};
use crate::root::Root;
use crate::table;
pub(crate) use refused::PIVOT;

/// Makes `root`, which is the top of a mount, the root of this mount namespace, and
/// lets go of the old one.
///
/// # Errors
/// EINVAL where `root` is not a mount or its parent is shared
/// ([`prepare_root`](crate::prepare_root) sees to both).
// ANCHOR: pivot
pub fn pivot(root: &Root) -> Result<()> {
    let name = root.path().display();
    let old = open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .context("hold the old root")?;
    step(
        CHAPTER,
        format_args!("fchdir({name})"),
        "the next call speaks of the new root as \".\"",
        || fchdir(root),
    )
    .with_context(|| format!("enter {name}"))?;
    step(
        CHAPTER,
        format_args!("pivot_root(\".\", \".\")"),
        "the old root is stacked on the new one: no folder is needed to hold it",
        || pivot_root(".", "."),
    )
    .map_err(|errno| {
        explain(format!("make {name} the root"), &PIVOT, root.path(), errno)
    })?;
    // It may still be shared with the host, where the umount below must not arrive. By
    // its descriptor: "." would be the new root here.
    propagate(old.as_fd(), "the old root", Propagation::RSLAVE)
        .context("detach the old root from the host")?;
    step(
        CHAPTER,
        format_args!("umount2(\".\", MNT_DETACH)"),
        "take the old root away, which lies on top, with all that is mounted below it",
        || umount2(".", MntFlags::MNT_DETACH),
    )
    .context("unmount the old root")?;
    step(
        CHAPTER,
        format_args!("chdir(\"/\")"),
        "stand in the new root, not in a folder that has gone",
        || chdir("/"),
    )
    .context("enter the new root")
}
// ANCHOR_END: pivot

/// As [`pivot`] where the host's root is a ramdisk, which pivot_root(2) refuses: the
/// mount is moved over `/`. What is below stays in memory, covered: whoever finds a way
/// back (chroot(2) is one, for root) finds the host's files, but no procfs or sysfs.
///
/// # Errors
/// Without `CAP_SYS_CHROOT`, or if `root` is not a mount.
pub fn move_root(root: &Root) -> Result<()> {
    let kernels = |entry: &table::Entry| {
        matches!(entry.fstype.as_str(), "proc" | "sysfs")
            && !entry.target.starts_with(root.path())
    };
    let seen = table::read().context("look for the host's procfs and sysfs")?;
    // What is mounted on top of others goes first.
    for entry in seen.0.iter().rev().filter(|entry| kernels(entry)) {
        let target = &entry.target;
        let why = "in a covered root the kernel's own files would still be the host's";
        let call = format_args!("umount2({target:?}, MNT_DETACH)");
        step(CHAPTER, call, why, || umount2(target, MntFlags::MNT_DETACH))
            .with_context(|| format!("unmount the host's {}", target.display()))?;
    }
    let name = root.path().display();
    step(
        CHAPTER,
        format_args!("fchdir({name})"),
        "the next calls speak of the new root as \".\"",
        || fchdir(root),
    )
    .with_context(|| format!("enter {name}"))?;
    step(
        CHAPTER,
        format_args!("move_mount({name} -> \"/\")"),
        "a ramdisk cannot be pivoted away, only covered",
        || move_mount(root, "", CWD, "/", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH),
    )
    .with_context(|| format!("move {name} to /"))?;
    step(
        CHAPTER,
        format_args!("chroot(\".\")"),
        "this process's root is still the covered one",
        || nix::unistd::chroot("."),
    )
    .context("change the root to what was moved there")?;
    step(
        CHAPTER,
        format_args!("chdir(\"/\")"),
        "stand in the new root",
        || chdir("/"),
    )
    .context("enter the new root")
}
