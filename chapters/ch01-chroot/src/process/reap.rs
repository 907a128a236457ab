//! waitpid(2): who has ended, and how.
//!
//! Unlike nix's calls these also know the ends by real-time signals, which a container
//! is free to die of.

use nix::errno::Errno;
use nix::unistd::Pid;

use super::Exit;

/// Takes the status of one child that has ended, whichever, without waiting; `None`
/// when none has.
pub fn reap() -> Option<(Pid, Exit)> {
    // None has ended, or there is none.
    ended(Pid::from_raw(-1), libc::WNOHANG).ok().flatten()
}

/// Waits until the child `pid` has ended, and takes its status.
pub(super) fn wait(pid: Pid) -> Result<Exit, Errno> {
    loop {
        if let Some((_, exit)) = ended(pid, 0)? {
            return Ok(exit);
        }
    }
}

fn ended(pid: Pid, flags: libc::c_int) -> Result<Option<(Pid, Exit)>, Errno> {
    loop {
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int, which lives through the call.
        let pid = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, flags) };
        match Errno::result(pid) {
            Ok(pid @ 1..) => {
                if let Some(exit) = exit_of(status) {
                    return Ok(Some((Pid::from_raw(pid), exit)));
                }
            }
            Ok(_) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn exit_of(status: libc::c_int) -> Option<Exit> {
    if libc::WIFEXITED(status) {
        Some(Exit::Code(libc::WEXITSTATUS(status)))
    } else if libc::WIFSIGNALED(status) {
        Some(Exit::Signal(libc::WTERMSIG(status)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_code_or_any_signal() {
        assert_eq!(exit_of(7 << 8), Some(Exit::Code(7)));
        assert_eq!(exit_of(9), Some(Exit::Signal(9)));
        assert_eq!(exit_of(40), Some(Exit::Signal(40)));
        assert_eq!(exit_of(0xffff), None);
    }
}
