//! Told: the program had ended, and you went on waiting for the others.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

pub(crate) fn reap(program: Pid) -> nix::Result<i32> {
    let mut status = 0;
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => status = code,
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                status = 128 + signal as i32;
            }
            Err(Errno::ECHILD) => return Ok(status),
            other => drop(other?),
        }
    }
}
