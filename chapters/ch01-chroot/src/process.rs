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

mod child;
mod clone;
mod exec;
mod line;
mod reap;
mod report;

use std::any::Any;
use std::convert::Infallible;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow, bail};

pub use child::{Child, Exit};
pub use clone::{Asked, CLONE3, How, fork, fork_again, no_namespaces, signal};
pub use exec::{EXECVE, NotRunnable, Program, environment, exec, find, strings};
pub use line::{Line, Message, pair, receive_descriptor, send_descriptor};
pub use reap::reap;
pub use report::{EXEC, FAILED, died, report, reported};

/// In which of the two processes `fork` has returned.
#[derive(Debug)]
pub enum Forked {
    /// In the one that called; it holds the new one.
    Parent(Child),
    /// In the new one.
    Child,
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
            match report::listen(&ours) {
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
    let _ = line.send(FAILED, &report(&error), &[]);
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

/// As [`leave_after`], for a process that stays long after others count on its end of
/// the line (and on all else that it holds) to be shut: only its standard streams are
/// open when `work` begins.
pub fn remain(work: impl FnOnce() -> Result<i32>) -> ! {
    clone::close_all();
    leave_after(work)
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
    // A folder has a link for each folder in it, and two of its own: here one a thread.
    let tasks = std::fs::metadata("/proc/self/task").context("count the threads")?;
    match tasks.nlink().saturating_sub(2) {
        1 => Ok(()),
        threads => bail!("refuse to fork: this process has {threads} threads"),
    }
}
