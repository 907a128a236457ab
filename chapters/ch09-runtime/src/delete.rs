//! `delete`: what a container leaves behind, taken away.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cgroups::{Cgroup, remove_parent_if_empty};
use chroot::process::Child;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::hooks::{self, Moment};
use crate::place::Place;
use crate::spec::check_id;
use crate::state::{State, Status, folder, same_process};

/// How long a killed process may take to be gone, as with runc.
const PATIENCE: Duration = Duration::from_secs(10);

/// Deletes a stopped container; with `force`, kills a running one first.
///
/// Goes on after an error, so that one thing that cannot be removed keeps nothing else;
/// but as long as its first process lives all stays, for another try.
/// Returns what its poststop hooks got wrong: a warning, the container is deleted. Of
/// several callers one does it, and the others find nothing, which is no error by force.
///
/// # Errors
/// When it runs or is not there (and `force` is not given), or something could not be
/// removed.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<Vec<anyhow::Error>> {
    delete_of(root, id, force, None)
}

/// As [`delete`], by whoever has the cgroup at hand.
pub(crate) fn delete_of(
    root: &Path,
    id: &str,
    force: bool,
    known: Option<&Cgroup>,
) -> Result<Vec<anyhow::Error>> {
    check_id(id)?;
    let place = Place::open(folder(root, id))?;
    let claim = place.as_ref().map(Place::claim).transpose()?.flatten();
    let Some(claim) = claim else {
        ensure!(force, "container {id:?} does not exist");
        return Ok(Vec::new());
    };
    let state = match State::load(root, id) {
        // Whoever made it was killed before it had written anything down.
        Err(_) if force => return claim.remove().map(|()| Vec::new()),
        state => state?,
    };
    let status = state.status();
    if status != Status::Stopped && !force && status != Status::Created {
        let status = format!("{status:?}").to_lowercase();
        bail!("cannot delete container {id} that is not stopped: {status}");
    }
    let state = end_all(root, state)?;
    let cgroup = match known {
        Some(cgroup) => cgroup.delete(),
        None => remove_cgroup(&state),
    };
    let removed = [cgroup, claim.remove()];
    let stopped = hooks::told(&state, 0, Status::Stopped);
    let warnings = hooks::run_all(state.hooks.as_ref(), Moment::Poststop, &stopped);
    removed
        .into_iter()
        .collect::<Result<()>>()
        .map(|()| warnings)
}

/// Ends what there is of the container. While it is being made, that is whoever makes it;
/// who may have made the first process meanwhile, and written it down.
fn end_all(root: &Path, state: State) -> Result<State> {
    end(&state)?;
    if state.pid != 0 {
        return Ok(state);
    }
    let state = State::load(root, &state.id).unwrap_or(state);
    end(&state).map(|()| state)
}

/// Kills the first process if it is still there, and waits until it is gone; the kernel
/// then kills the rest of its pid namespace. Before there is one, whoever makes it.
fn end(state: &State) -> Result<()> {
    let target = match state.pid {
        0 => state.launcher,
        pid => (pid, state.start_time),
    };
    if !same_process(target) {
        return Ok(());
    }
    let pid = Pid::from_raw(target.0);
    if let Ok(process) = Child::adopt(pid)
        && same_process(target)
    {
        if let Err(error) = process.send(libc::SIGKILL) {
            // It may have ended by itself meanwhile, as it does without its launcher.
            return if same_process(target) {
                Err(error)
            } else {
                Ok(())
            };
        }
        if state.pid != 0 && !state.cgroup.is_empty() {
            // A frozen process does not die of a signal; its cgroup's end thaws it.
            Cgroup::open(&state.cgroup)?.kill()?;
        }
        gone(&process)?;
    }
    Ok(())
}

/// Waits until a killed process is gone; the first of a pid namespace goes last, when all
/// others are reaped. One of `exec` is its caller's to reap, and who does not, while he
/// waits for us, would wait for ever.
fn gone(process: &Child) -> Result<()> {
    let mut ended = [PollFd::new(process.pidfd.as_fd(), PollFlags::POLLIN)];
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match poll(&mut ended, left) {
            Ok(0) => bail!("container init still running"),
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("wait for the container's end"),
        }
    }
}

/// How long one that was to be the first process may take to see that nobody makes it.
const UNMADE: Duration = Duration::from_secs(1);

/// Removes the group of a container that never had a first process: only when it is
/// empty, for what is in there may be somebody else's. But one may have been born in it
/// whom its launcher's end reaches a moment later.
fn remove_unfinished(path: &str) -> Result<()> {
    let end = Instant::now() + UNMADE;
    while !path.is_empty() && Instant::now() < end {
        remove_parent_if_empty(path)?;
        if Cgroup::open(path)?.is_nowhere() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn remove_cgroup(state: &State) -> Result<()> {
    if state.cgroup.is_empty() && state.unit.is_empty() {
        return Ok(());
    }
    if state.pid == 0 {
        return remove_unfinished(&state.cgroup);
    }
    let cgroup = if state.cgroup.is_empty() {
        Cgroup::nowhere()
    } else {
        Cgroup::open(&state.cgroup)?
    };
    cgroup.with_unit(&state.unit).delete()
}
