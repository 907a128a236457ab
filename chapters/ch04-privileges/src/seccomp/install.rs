//! Handing the program to the kernel.

use std::os::fd::{FromRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use workbench::steps::step;

use super::Program;
use crate::CHAPTER;

/// `struct sock_fprog`.
#[repr(C)]
struct Fprog {
    length: u16,
    instructions: *const super::Instruction,
}

/// Puts the filter before all system calls of this process and its children, for good.
///
/// Filters add up, and the strictest answer wins. If a rule notifies, the listener comes
/// back (close-on-exec): whoever holds it answers those calls.
///
/// # Errors
/// EACCES without `CAP_SYS_ADMIN` or no_new_privs; EINVAL for a flag that the kernel
/// does not know; EBUSY where a listener is there already.
// ANCHOR: install
pub fn install(program: &Program) -> Result<Option<OwnedFd>> {
    let length = program.instructions.len();
    let filter = Fprog {
        length: u16::try_from(length).context("measure the seccomp filter")?,
        instructions: program.instructions.as_ptr(),
    };
    let answer = step(
        CHAPTER,
        format_args!(
            "seccomp(SECCOMP_SET_MODE_FILTER, {:#x}, {length} instructions)",
            program.flags
        ),
        "calls that a container has no use for never reach the kernel's code",
        || set_mode_filter(program.flags, &filter),
    )
    .context("install the seccomp filter")?;
    let listens = program.flags & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER != 0;
    // SAFETY: with NEW_LISTENER the answer is a descriptor that the kernel has just
    // opened for us (seccomp(2)); nobody else knows its number.
    Ok(listens.then(|| unsafe { OwnedFd::from_raw_fd(answer) }))
}
// ANCHOR_END: install

/// Leaves this thread read(2), write(2), `_exit(2)` and sigreturn(2) of all calls, and not
/// even exit_group(2): any other kills it by SIGKILL. There is no way back.
///
/// # Errors
/// EINVAL where a filter is installed already.
// ANCHOR: strict
pub fn strict() -> Result<()> {
    step(
        CHAPTER,
        format_args!("seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL)"),
        "four calls are left: enough to compute, not enough to start a program",
        set_mode_strict,
    )
    .context("enter seccomp's strict mode")
}
// ANCHOR_END: strict

fn set_mode_strict() -> Result<(), Errno> {
    let nothing = std::ptr::null::<libc::c_void>();
    // SAFETY: seccomp(2) wants no flags and a null pointer for this operation, and
    // touches no memory of ours.
    let answer = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_STRICT, 0, nothing)
    };
    Errno::result(answer).map(drop)
}

fn set_mode_filter(flags: u64, filter: &Fprog) -> Result<i32, Errno> {
    // SAFETY: seccomp(2) reads a `sock_fprog` and `length` instructions behind its
    // pointer, and writes nothing; both live in the caller until the call returns, and
    // `Instruction` has the layout of `struct sock_filter`.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            std::ptr::from_ref(filter),
        )
    };
    Errno::result(answer).map(|fd| i32::try_from(fd).unwrap_or(-1))
}
