//! Told: an orphan has ended, and nobody has waited for it.

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

pub(crate) fn reap(program: Pid) -> nix::Result<i32> {
    match waitpid(program, None)? {
        WaitStatus::Exited(_, code) => Ok(code),
        WaitStatus::Signaled(_, signal, _) => Ok(128 + signal as i32),
        _ => Ok(0),
    }
}
