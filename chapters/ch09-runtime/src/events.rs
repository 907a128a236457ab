//! `events`: what a container uses, again and again, and that its memory ran out.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cgroups::{Cgroup, Stats};
use chroot::process::Child;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::freeze::cgroup;
use crate::state::{State, Status};

/// What is told of a container.
#[derive(Debug)]
pub enum Event {
    /// Its counters.
    Stats(Box<Stats>),
    /// The kernel killed a process of it, since its memory was used up.
    OutOfMemory,
}

/// The counters of a container as they are now.
///
/// # Errors
/// When it does not run, or has no cgroup.
pub fn stats(root: &Path, id: &str) -> Result<Stats> {
    Ok(living(root, id)?.1.stats())
}

/// Tells of a container every `interval`, and at its end a last time whether its memory
/// ran out; returns when it has ended.
///
/// # Errors
/// When it does not run, has no cgroup, or `tell` fails.
pub fn events(
    root: &Path,
    id: &str,
    interval: Duration,
    tell: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<()> {
    let (process, cgroup) = living(root, id)?;
    let wait = PollTimeout::try_from(interval).context("the interval is too long")?;
    let mut killed = cgroup.memory_events().oom_kill;
    loop {
        let mut watched = [PollFd::new(process.pidfd.as_fd(), PollFlags::POLLIN)];
        let ended = match poll(&mut watched, wait) {
            Ok(ready) => ready > 0,
            Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => return Err(errno).context("wait for the container"),
        };
        let now = cgroup.memory_events().oom_kill;
        if now > killed {
            killed = now;
            tell(Event::OutOfMemory)?;
        }
        if ended {
            return Ok(());
        }
        tell(Event::Stats(Box::new(cgroup.stats())))?;
    }
}

fn living(root: &Path, id: &str) -> Result<(Child, Cgroup)> {
    let state = State::load(root, id)?;
    let process = Child::adopt(Pid::from_raw(state.pid));
    if state.status() == Status::Stopped {
        bail!("container with id {id} is not running");
    }
    Ok((process?, cgroup(&state)?))
}
