//! `delete`: what a container leaves behind, taken away.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use cgroups::{Cgroup, remove_parent_if_empty};
use chroot::process::Child;
use nix::unistd::Pid;

use crate::hooks::{self, Moment};
use crate::place::Place;
use crate::spec::{Bundle, check_id};
use crate::state::{State, Status, folder, same_process};

/// Deletes a stopped container; with `force`, kills a running one first.
///
/// Goes on after an error, so that one thing that cannot be removed keeps nothing else.
/// Returns what its poststop hooks got wrong: a warning, the container is deleted. Of
/// several callers one does it, and the others find nothing, which is no error by force.
///
/// # Errors
/// When it runs or is not there (and `force` is not given), or something could not be
/// removed.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<Vec<anyhow::Error>> {
    delete_of(root, id, force, None)
}

/// As [`delete`], by whoever has the bundle and the cgroup at hand.
pub(crate) fn delete_of(
    root: &Path,
    id: &str,
    force: bool,
    known: Option<(&Bundle, &Cgroup)>,
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
    // Read before anything is taken away.
    let read = known
        .is_none()
        .then(|| Bundle::load(&state.bundle).ok())
        .flatten();
    let (state, ended) = end_all(root, state);
    let cgroup = match known {
        Some((_, cgroup)) => cgroup.delete(),
        None => remove_cgroup(&state),
    };
    let removed = [ended, cgroup, claim.remove()];
    let stopped = hooks::told(&state, 0, Status::Stopped);
    let bundle = known.map(|(bundle, _)| bundle).or(read.as_ref());
    let hooks = bundle.and_then(|bundle| bundle.spec.hooks().as_ref());
    let warnings = hooks::run_all(hooks, Moment::Poststop, &stopped);
    removed
        .into_iter()
        .collect::<Result<()>>()
        .map(|()| warnings)
}

/// Ends what there is of the container. While it is being made, that is whoever makes it;
/// who may have made the first process meanwhile, and written it down.
fn end_all(root: &Path, state: State) -> (State, Result<()>) {
    let ended = end(&state);
    if state.pid != 0 || ended.is_err() {
        return (state, ended);
    }
    let state = State::load(root, &state.id).unwrap_or(state);
    let ended = end(&state);
    (state, ended)
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
        process.send(libc::SIGKILL)?;
        if state.pid != 0 && !state.cgroup.is_empty() {
            // A frozen process does not die of a signal; its cgroup's end thaws it.
            Cgroup::open(&state.cgroup)?.kill()?;
        }
        process.wait_gone()?;
    }
    Ok(())
}

fn remove_cgroup(state: &State) -> Result<()> {
    if state.cgroup.is_empty() && state.unit.is_empty() {
        return Ok(());
    }
    if state.pid == 0 {
        // Nothing of ours was ever in there: what is, is somebody else's.
        return remove_parent_if_empty(&state.cgroup);
    }
    let cgroup = if state.cgroup.is_empty() {
        Cgroup::nowhere()
    } else {
        Cgroup::open(&state.cgroup)?
    };
    cgroup.with_unit(&state.unit).delete()
}
