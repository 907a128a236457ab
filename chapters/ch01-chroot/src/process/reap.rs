//! wait4(2) for a process that has many children: whoever has ended is next.

use nix::errno::Errno;
use nix::unistd::Pid;

use super::Exit;

/// Takes the status of one child that has ended, whichever, without waiting; `None`
/// when none has.
///
/// Unlike nix's `waitpid` it also knows the ends by real-time signals, which a
/// container is free to die of.
pub fn reap() -> Option<(Pid, Exit)> {
    loop {
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int, which lives through the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        match Errno::result(pid) {
            Ok(pid @ 1..) => {
                if let Some(exit) = exit_of(status) {
                    return Some((Pid::from_raw(pid), exit));
                }
            }
            Err(Errno::EINTR) => {}
            // None has ended, or there is none.
            Ok(_) | Err(_) => return None,
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
