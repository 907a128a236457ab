//! PID 1: the one process that the kernel treats unlike all others, and an init that
//! lives up to it (pid_namespaces(7), signal(7)).
//!
//! What is special about the first process of a pid namespace:
//!
//! - a signal that it has no handler for does nothing, SIGTERM least of all;
//! - every orphan becomes its child, and stays a zombie until it is reaped;
//! - when it ends, the kernel kills all the others.
//!
//! Most programs were not written for that. So the container's first process forks:
//! the copy becomes the program, and the first process stays and does what is left.
//!
//! ```text
//! PID 1: init                       its child: the program
//! fork ────────────────────────▶    a process group, in the terminal's foreground
//! closes all but its streams        exec
//! SIGTERM, SIGUSR1, … ─────────▶    the program's own handlers
//! SIGCHLD: reaps whoever ended
//!   was it the program? ◀─────────  exit: its code, or 128 and its signal
//! exits with that
//! ```

use std::convert::Infallible;
use std::io::IsTerminal;

use anyhow::{Context, Result};
use chroot::process::{self, Exit};
use nix::sys::prctl;
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getpid, setpgid, tcsetpgrp};
use workbench::steps;

/// Splits this process in two. It returns in the new one, which goes on to become the
/// program; the old one stays as its init, and leaves with the program's status.
///
/// To be called when all else is done: the init is as confined as the program.
///
/// # Errors
/// When the fork is refused.
// ANCHOR: split
pub fn split() -> Result<()> {
    // Blocked, a signal waits; not one that comes in between is lost. Those of a mistake
    // of its own (SIGSEGV and its like) the kernel delivers all the same.
    let all = SigSet::all();
    all.thread_block().context("hold the signals back")?;
    if getpid() != Pid::from_raw(1) {
        // In a pid namespace of others orphans would go to somebody else.
        prctl::set_child_subreaper(true).context("take orphans in")?;
    }
    let why = "the first process stays as init; its child becomes the program";
    match steps::step(2, format_args!("fork()"), why, process::fork_again)
        .context("part the program from its init")?
    {
        None => take_foreground(),
        // What else it holds (the gate, the line) has to end with the program's exec.
        Some(program) => process::remain(|| serve(program, &all).map(Exit::status)),
    }
}
// ANCHOR_END: split

/// Becomes the init of `words`, a program and its arguments: for a container whose
/// runtime is not ours, where this is what its first process is made to run.
///
/// # Errors
/// Why the program could not be run; then its exit status tells the runtime.
pub fn init(words: &[String]) -> Result<Infallible> {
    let program = words.first().context("no program to be the init of")?;
    let program = process::find(program, &std::env::var("PATH").unwrap_or_default())?;
    let args = process::strings(words)?;
    split()?;
    Err(process::exec(&program, &args, &process::environment()))
}

/// Ctrl-C goes to the terminal's foreground group: that is the program's, not init's.
fn take_foreground() -> Result<()> {
    let own = getpid();
    setpgid(own, own).context("begin a process group")?;
    if std::io::stdin().is_terminal() {
        // Another session's terminal stays another session's.
        let _ = tcsetpgrp(std::io::stdin(), own);
    }
    Ok(())
}

/// The life of an init: hands signals on and reaps, until the program has ended.
// ANCHOR: serve
fn serve(program: Pid, signals: &SigSet) -> Result<Exit> {
    let _ = prctl::set_name(c"init");
    // Its file in /proc is the runtime's own, which is the host's to write to.
    let _ = prctl::set_dumpable(false);
    let signals = SignalFd::with_flags(signals, SfdFlags::SFD_CLOEXEC)
        .context("read signals from a descriptor")?;
    loop {
        let Some(signal) = signals.read_signal().context("wait for a signal")? else {
            continue;
        };
        match i32::try_from(signal.ssi_signo).unwrap_or(0) {
            libc::SIGCHLD => {
                // One signal may stand for many ends.
                let mut ended = None;
                while let Some((pid, exit)) = process::reap() {
                    ended = ended.or((pid == program).then_some(exit));
                }
                if let Some(exit) = ended {
                    return Ok(exit);
                }
            }
            // The program has ended and is not reaped yet: then nobody wants it.
            number => drop(process::signal(program, number)),
        }
    }
}
// ANCHOR_END: serve
