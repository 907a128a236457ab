//! Starting a process: clone, report, exec. The only place in skiff that forks.
//!
//! ```text
//! parent                            child
//! clone3 ─────────────────────────▶ does its recipe: chroot, chdir, …
//! waits                             EXEC "I am about to exec"
//!   ◀── end of file: it happened ── execve: the line is close-on-exec
//!   ◀── FAILED: stage and cause ─── or: tells why not, and leaves by _exit
//! ```
//!
//! The idea is old (clone(2), execve(2), and the close-on-exec pipe that reports why
//! exec failed); a container adds flags to the first call and steps before the last.

mod clone;
mod exec;
mod line;
mod reap;

use std::any::Any;
use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

pub use clone::{CLONE3, How, fork};
pub use exec::{EXECVE, NotRunnable, Program, exec, find, strings};
pub use line::{Line, Message, pair, receive_descriptor};
pub use reap::reap;

/// The tag of a report: the child is about to exec.
pub const EXEC: u8 = b'X';
/// The tag of a report: the child failed; the text says at what and why.
pub const FAILED: u8 = b'E';

/// In which of the two processes `fork` has returned.
#[derive(Debug)]
pub enum Forked {
    /// In the one that called; it holds the new one.
    Parent(Child),
    /// In the new one.
    Child,
}

/// A process that was started here.
#[derive(Debug)]
pub struct Child {
    /// Its id, in the caller's pid namespace.
    pub pid: Pid,
    /// Its descriptor (pidfd_open(2)): unlike the id it never means another process.
    pub pidfd: OwnedFd,
}

/// How a process ended.
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

/// Starts a process that does `recipe`, whose last step is [`exec`].
///
/// Returns when the program runs. What stopped the recipe is the error; then the
/// process is reaped, and nothing of it is left.
///
/// # Errors
/// What clone3(2) refused, or what the recipe reported.
// ANCHOR: spawn
pub fn spawn(
    how: &How<'_>,
    recipe: impl FnOnce(&Line) -> Result<Infallible>,
) -> Result<Child> {
    let (ours, theirs) = pair()?;
    // Both arms consume the pair: each process drops the other's end, none by hand.
    match fork(how)? {
        Forked::Child => {
            drop(ours);
            in_child(theirs, recipe)
        }
        Forked::Parent(child) => {
            drop(theirs);
            match listen(&ours) {
                Ok(()) => Ok(child),
                Err(report) => {
                    let exit = child.wait()?;
                    Err(report.unwrap_or_else(|| died(exit)))
                }
            }
        }
    }
}
// ANCHOR_END: spawn

/// Reads the child's reports to their end: `Err(None)` is an end without a word.
// ANCHOR: listen
fn listen(line: &Line) -> Result<(), Option<anyhow::Error>> {
    let mut executing = false;
    loop {
        match line.receive() {
            Ok(Some(Message { tag: EXEC, .. })) => executing = true,
            Ok(Some(message)) => return Err(Some(reported(&message.text))),
            Ok(None) if executing => return Ok(()),
            Ok(None) => return Err(None),
            Err(error) => return Err(Some(error)),
        }
    }
}
// ANCHOR_END: listen

/// The error of a child that ended before it reported: its wait status tells more
/// than a broken pipe would.
#[must_use]
pub fn died(exit: Exit) -> anyhow::Error {
    match exit {
        Exit::Code(code) => anyhow!("the new process exited with {code} before its exec"),
        Exit::Signal(signal) => {
            let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
            anyhow!("the new process was killed by {name} before its exec")
        }
    }
}

/// Does `recipe` in the new process; if it fails, or panics, reports that and leaves.
///
/// It leaves by `_exit`: what the parent registered to be done at exit (flushing,
/// removing files) is the parent's to do.
// ANCHOR: in_child
pub fn in_child(line: Line, recipe: impl FnOnce(&Line) -> Result<Infallible>) -> ! {
    let outcome = catch_unwind(AssertUnwindSafe(|| recipe(&line)));
    let error = match outcome {
        Ok(Err(error)) => error,
        Err(panic) => anyhow!("panicked: {}", panic_text(panic.as_ref())),
    };
    let _ = line.send(FAILED, &report(&error), None);
    clone::leave(1)
}
// ANCHOR_END: in_child

/// Does `work` in the new process, and leaves by `_exit` with the code it returns;
/// a failure or a panic is the code 1.
pub fn leave_after(work: impl FnOnce() -> Result<i32>) -> ! {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(code)) => clone::leave(code),
        _ => clone::leave(1),
    }
}

/// An error as the text of a report: the causes on the first line, the hint below.
#[must_use]
pub fn report(error: &anyhow::Error) -> String {
    match workbench::diagnosis::hint(error) {
        Some(hint) => format!("{error:#}\n{hint}"),
        None => format!("{error:#}"),
    }
}

/// The inverse of [`report`].
#[must_use]
pub fn reported(text: &str) -> anyhow::Error {
    match text.split_once('\n') {
        Some((causes, hint)) => {
            workbench::diagnosis::with_hint(anyhow!(causes.to_owned()), hint)
        }
        None => anyhow!(text.to_owned()),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("?")
}

/// Refuses when this process has more than one thread: a fork copies one thread, and
/// whatever the others held (the allocator's lock) stays locked for ever.
///
/// # Errors
/// When there is another thread, or /proc cannot be read.
pub fn only_thread() -> Result<()> {
    let tasks = std::fs::read_dir("/proc/self/task").context("count the threads")?;
    match tasks.count() {
        1 => Ok(()),
        threads => bail!("refuse to fork: this process has {threads} threads"),
    }
}
