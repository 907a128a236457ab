//! Out of a chroot again: the classic escape, one that needs no right, and a remedy.
//!
//! No part of the engine calls this. It is here to be run (`ch01 escape`), since a root
//! that a process may change is no wall, and one should have been on its other side.

#[expect(unsafe_code, reason = "prctl and capset have no wrapper")]
mod rights;

use std::fs::{File, create_dir};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot, fchdir};
use workbench::steps;

pub use rights::give_up_chroot;

/// Deeper than any folder that a path can name (`PATH_MAX` is 4096).
const DEPTH: usize = 1360;

/// Makes `/` the host's root again, for a process that may chroot.
///
/// The kernel stops `..` at the root of the process, and nowhere else. So the root is
/// moved down into a hole while the working folder stays: then it is outside, and no
/// step up from there meets the root.
///
/// # Errors
/// EPERM from chroot(2), when the right to it was given up.
// ANCHOR: climb
pub fn climb() -> Result<()> {
    let hole = Path::new("hole");
    let why = "somewhere below, to put the root into";
    steps::step(1, format_args!("mkdir({hole:?})"), why, || create_dir(hole))
        .context("dig a hole")?;
    let why = "the root goes down into the hole; the working folder stays, now outside";
    steps::step(1, format_args!("chroot({hole:?})"), why, || chroot(hole))
        .context("chroot into the hole")?;
    let why = "up to the top, where .. leads to itself: one step too many does no harm";
    steps::step(1, format_args!("chdir(\"../../..…\")"), why, || {
        chdir("../".repeat(DEPTH).as_str())
    })
    .context("climb")?;
    let why = "and this is / from now on";
    steps::step(1, format_args!("chroot(\".\")"), why, || chroot("."))
        .context("chroot to the top")
}
// ANCHOR_END: climb

/// Stands in a folder that was opened before the root was changed; `/` stays.
///
/// # Errors
/// When `held` is no folder.
// ANCHOR: step_out
pub fn step_out(held: &File) -> Result<()> {
    let why = "a folder that is open needs no path and no right";
    steps::step(1, format_args!("fchdir(held)"), why, || fchdir(held))
        .context("step into the folder that was open")
}
// ANCHOR_END: step_out
