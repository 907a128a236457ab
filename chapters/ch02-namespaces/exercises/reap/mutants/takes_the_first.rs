//! Told: that was the status of an orphan.

use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

pub(crate) fn reap(_: Pid) -> nix::Result<i32> {
    match wait()? {
        WaitStatus::Exited(_, code) => Ok(code),
        WaitStatus::Signaled(_, signal, _) => Ok(128 + signal as i32),
        _ => Ok(0),
    }
}
