//! The root file system of the container, mounted where only the shim sees it.
//!
//! There is no mount on the host that could leak: when the shim and its container are
//! gone, the kernel takes the mount namespace and all in it away.

use std::path::Path;

use anyhow::{Context, Result};
use mounts::{Depth, Kind, Propagation};
use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use overlay::Stack;
use workbench::steps;

/// Mounts `stack` on `target`, in a mount namespace of this process's own.
// ANCHOR: mount
pub(crate) fn mount(stack: Option<&Stack>, target: &Path) -> Result<()> {
    let Some(stack) = stack else { return Ok(()) };
    let why = "mounts that nobody but the shim and its container sees";
    steps::step(10, format_args!("unshare(CLONE_NEWNS)"), why, || {
        unshare(CloneFlags::CLONE_NEWNS)
    })
    .context("make a mount namespace")?;
    // The copy is still a peer of the host's mounts. Only the one that the container's
    // folder lies in is cut off: a volume may want to tell the host of its mounts.
    let parent = mounts::table::read()?.containing(target)?;
    let slave = Propagation {
        kind: Kind::Slave,
        depth: Depth::One,
    };
    mounts::set_propagation(&parent, slave)?;
    overlay::mount(stack, target)
        .with_context(|| format!("mount the layers on {}", target.display()))?;
    Ok(())
}
// ANCHOR_END: mount

/// Takes the mount away, so that the layers are free when the shim says that all is
/// over.
pub(crate) fn unmount(target: &Path) -> Result<()> {
    let why = "the upper folder is free for the next start";
    let call = format_args!("umount2({target:?}, MNT_DETACH)");
    match steps::step(10, call, why, || umount2(target, MntFlags::MNT_DETACH)) {
        // Not a mount: the root file system was there before.
        Ok(()) | Err(Errno::EINVAL) => Ok(()),
        Err(errno) => Err(errno).with_context(|| format!("unmount {}", target.display())),
    }
}
