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
