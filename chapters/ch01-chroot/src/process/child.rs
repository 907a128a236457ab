//! A process that was started, as its maker holds it, and how it ended.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::{clone, reap};

/// A process that was started here.
#[derive(Debug)]
pub struct Child {
    /// Its id, in the caller's pid namespace.
    pub pid: Pid,
    /// Its descriptor (pidfd_open(2)): unlike the id it never means another process.
    pub pidfd: OwnedFd,
}

/// How a process ended.
// ANCHOR: Exit
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl Exit {
    /// The status as shells tell it: the code, or 128 and the signal's number.
    #[must_use]
    pub fn status(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}
// ANCHOR_END: Exit

impl Child {
    /// Waits until the process has ended, and reaps it.
    ///
    /// # Errors
    /// When the process is not this process's child (a sibling is its parent's).
    pub fn wait(&self) -> Result<Exit> {
        // While it is not reaped, the id is its own.
        reap::wait(self.pid).with_context(|| format!("wait for {}", self.pid))
    }

    /// Waits until the process has ended, without reaping it; works for siblings.
    ///
    /// # Errors
    /// When poll(2) refuses.
    pub fn wait_gone(&self) -> Result<()> {
        let mut ended = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        loop {
            match poll(&mut ended, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                answer => {
                    return answer.map(drop).context("wait for the end of a process");
                }
            }
        }
    }

    /// Holds a process that was started elsewhere (pidfd_open(2)).
    ///
    /// # Errors
    /// When there is no process of this id.
    pub fn adopt(pid: Pid) -> Result<Self> {
        let pidfd =
            clone::pidfd_open(pid).with_context(|| format!("hold process {pid}"))?;
        Ok(Self { pid, pidfd })
    }

    /// Sends the process a signal, by its number (pidfd_send_signal(2)).
    ///
    /// # Errors
    /// ESRCH when it has ended; EINVAL for a number that is no signal.
    pub fn send(&self, signal: i32) -> Result<()> {
        clone::pidfd_send_signal(self.pidfd.as_fd(), signal)
            .with_context(|| format!("send signal {signal} to {}", self.pid))
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// As for [`Child::send`].
    pub fn kill(&self, signal: Signal) -> Result<()> {
        self.send(signal as i32)
    }
}
