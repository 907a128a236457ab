//! The system calls of scheduling that no crate wraps.

use nix::errno::Errno;

use crate::memory_policy::NODES;

/// sched_setattr(2) of the calling thread.
pub(crate) fn sched_setattr(attributes: &libc::sched_attr) -> Result<(), Errno> {
    let attributes: *const libc::sched_attr = attributes;
    // SAFETY: sched_setattr(2) reads `size` bytes, which is the size of what the reference
    // points to; it writes only where `size` is one that it does not know, and the size of
    // this structure it has known since 3.14.
    let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, attributes, 0) };
    Errno::result(answer).map(drop)
}

/// set_mempolicy(2) of the calling thread.
pub(crate) fn set_mempolicy(mode: i32, nodes: &[u64; NODES / 64]) -> Result<(), Errno> {
    // No node at all is no mask at all; else one bit less is read than is told.
    let (mask, bits) = match nodes.iter().all(|word| *word == 0) {
        true => (std::ptr::null(), 0),
        false => (nodes.as_ptr(), NODES + 1),
    };
    // SAFETY: set_mempolicy(2) reads `bits` bits at the pointer, less one, and writes
    // nothing: the array has as many, and a null pointer is not read.
    let answer = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, bits) };
    Errno::result(answer).map(drop)
}

/// `IOPRIO_WHO_PROCESS` of `linux/ioprio.h`.
const PROCESS: i32 = 1;

/// ioprio_set(2) of the calling thread.
pub(crate) fn ioprio_set(priority: i32) -> Result<(), Errno> {
    // SAFETY: ioprio_set(2) takes three numbers and touches no memory of ours.
    let answer = unsafe { libc::syscall(libc::SYS_ioprio_set, PROCESS, 0, priority) };
    Errno::result(answer).map(drop)
}
