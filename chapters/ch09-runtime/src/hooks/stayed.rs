//! One who stays at home, to run hooks there.
//!
//! The launcher turns to the container's pid and time namespaces to make its first process
//! there, and back to its own for the hooks. Back takes `CAP_SYS_ADMIN` over the user
//! namespace that the own one belongs to (setns(2)): in a user namespace, as an ordinary
//! user's runtime is, nobody has it over what is the host's. So a copy of the launcher
//! never leaves, and runs the hooks for it.
//!
//! Where a process's children are born is a fact of the process, so who stays is one too.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use chroot::process::{
    self, FAILED, Forked, How, Line, fork, leave_after, report, reported,
};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use oci_spec::runtime::Hook;

use super::{Moment, program};

/// A hook that is to be run, or was.
const HOOK: u8 = b'H';

/// The line to who stays, in a process that has left.
static LINE: Mutex<Option<Line>> = Mutex::new(None);

/// Leaves a copy of this process behind, for as long as this one lives.
///
/// # Errors
/// When no process can be made.
pub(crate) fn stay_behind() -> Result<()> {
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if line.is_some() {
        return Ok(());
    }
    let (ours, theirs) = process::pair()?;
    match fork(&How::default()).context("leave somebody at home to run the hooks")? {
        Forked::Parent(_) => *line = Some(ours),
        Forked::Child => {
            drop(ours);
            leave_after(|| {
                // The container's first process has a copy of the other end too, so that
                // its being closed does not tell.
                set_pdeathsig(Signal::SIGKILL).context("end with the launcher")?;
                serve(&theirs).map(|()| 0)
            })
        }
    }
    Ok(())
}

/// Runs a hook, here or, if it is the runtime's, by who stayed at home.
pub(super) fn run(moment: Moment, hook: &Hook, state: &serde_json::Value) -> Result<()> {
    let line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(line) = line.as_ref().filter(|_| moment.is_at_home()) else {
        return program::run(hook, state);
    };
    let mut file = File::from(memfd_create(c"hook", MFdFlags::MFD_CLOEXEC)?);
    serde_json::to_writer(&file, &(hook, state)).context("write it down")?;
    file.flush().and_then(|()| file.rewind())?;
    line.send(HOOK, "", &[file.as_fd()])?;
    match line.receive()?.context("who ran the hooks is gone")? {
        message if message.tag == FAILED => Err(reported(&message.text)),
        _ => Ok(()),
    }
}

fn serve(line: &Line) -> Result<()> {
    while let Some(message) = line.receive()? {
        let file = message.descriptors.into_iter().next();
        let file = file.context("no hook was sent")?;
        match run_what_is_in(file.into()) {
            Ok(()) => line.send(HOOK, "", &[])?,
            Err(error) => line.send(FAILED, &report(&error), &[])?,
        }
    }
    Ok(())
}

fn run_what_is_in(mut file: File) -> Result<()> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).context("read the hook")?;
    let (hook, state): (Hook, serde_json::Value) =
        serde_json::from_slice(&text).context("understand the hook")?;
    program::run(&hook, &state)
}
