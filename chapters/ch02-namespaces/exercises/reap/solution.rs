//! Solution: number 1's loop.

use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

/// Waits for whoever ends until `program` has, and returns how that one ended: its exit
/// code, or 128 and the signal's number.
pub(crate) fn reap(program: Pid) -> nix::Result<i32> {
    loop {
        match wait()? {
            WaitStatus::Exited(pid, code) if pid == program => return Ok(code),
            WaitStatus::Signaled(pid, signal, _) if pid == program => {
                return Ok(128 + signal as i32);
            }
            // An orphan: that it was waited for is all that it needed.
            _ => {}
        }
    }
}
