//! Giving up the right to chroot(2): capabilities(7), of which chapter 4 has the rest.

use std::ptr::from_ref;

use anyhow::{Context, Result};
use nix::errno::Errno;
use workbench::steps;

/// `CAP_SYS_CHROOT` of `linux/capability.h`.
const SYS_CHROOT: u64 = 18;

/// Gives up the right to chroot(2) for good, for this process and what it starts.
///
/// First exec(2) may no longer give it: root gets all capabilities of the bounding set
/// anew whenever it starts a program. Then those that this process holds go, all of
/// them; the program that it becomes will have the others again.
///
/// # Errors
/// EPERM, when the caller lacks `CAP_SETPCAP`.
// ANCHOR: give_up_chroot
pub fn give_up_chroot() -> Result<()> {
    let why = "no program that this process becomes will have this right";
    let call = format_args!("prctl(PR_CAPBSET_DROP, CAP_SYS_CHROOT)");
    steps::step(1, call, why, forbid_at_exec).context("forbid chroot at exec")?;
    let why = "nor has the process itself now, nor any other right";
    steps::step(1, format_args!("capset({{}})"), why, hold_none)
        .context("give up all capabilities")
}
// ANCHOR_END: give_up_chroot

fn forbid_at_exec() -> Result<(), Errno> {
    // SAFETY: PR_CAPBSET_DROP takes a number and no pointer (prctl(2)); what is unused
    // is zero, as it must be.
    let answer =
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, SYS_CHROOT, 0u64, 0u64, 0u64) };
    Errno::result(answer).map(drop)
}

/// capset(2) with nothing in any set.
fn hold_none() -> Result<(), Errno> {
    // The header is the version and a pid, where 0 is the caller. Version 3 is followed
    // by two halves of effective, permitted and inheritable: 32 bits of each.
    let header: [u32; 2] = [0x2008_0522, 0];
    let sets = [[0_u32; 3]; 2];
    // SAFETY: capset(2) reads two words of a header and, as its version is 3, six of
    // sets; both live until it returns. It writes to the header only if it does not
    // know that version, which it has known since Linux 2.6.26.
    let answer =
        unsafe { libc::syscall(libc::SYS_capset, from_ref(&header), from_ref(&sets)) };
    Errno::result(answer).map(drop)
}
