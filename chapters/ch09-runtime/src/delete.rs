//! `delete`: what a container leaves behind, taken away.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cgroups::Cgroup;
use chroot::process::Child;
use nix::unistd::Pid;

use crate::create::same_process;
use crate::hooks::{self, Moment};
use crate::spec::Bundle;
use crate::state::{State, Status, folder};

/// Deletes a stopped container; with `force`, kills a running one first.
///
/// Goes on after an error, so that one thing that cannot be removed keeps nothing else.
/// Returns what its poststop hooks got wrong: a warning, the container is deleted.
///
/// # Errors
/// When it runs (and `force` is not given), or something could not be removed.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<Vec<anyhow::Error>> {
    let state = State::load(root, id)?;
    let status = state.status();
    if status != Status::Stopped && !force && status != Status::Created {
        let status = format!("{status:?}").to_lowercase();
        bail!("cannot delete container {id} that is not stopped: {status}");
    }
    let bundle = Bundle::load(&state.bundle);
    let removed = [end(&state), remove_cgroup(&state), remove_state(root, id)];
    let stopped = hooks::told(&state, 0, Status::Stopped);
    let hooks = bundle
        .as_ref()
        .ok()
        .and_then(|bundle| bundle.spec.hooks().as_ref());
    let warnings = hooks::run_all(hooks, Moment::Poststop, &stopped);
    removed
        .into_iter()
        .collect::<Result<()>>()
        .map(|()| warnings)
}

/// Kills the first process if it is still there, and waits until it is gone; the kernel
/// then kills the rest of its pid namespace.
fn end(state: &State) -> Result<()> {
    let pid = Pid::from_raw(state.pid);
    if state.pid == 0 || !same_process(pid, state.start_time) {
        return Ok(());
    }
    if let Ok(process) = Child::adopt(pid)
        && same_process(pid, state.start_time)
    {
        process.send(libc::SIGKILL)?;
        if !state.cgroup.is_empty() {
            // A frozen process does not die of a signal; its cgroup's end thaws it.
            Cgroup::open(&state.cgroup)?.kill()?;
        }
        process.wait_gone()?;
    }
    Ok(())
}

fn remove_cgroup(state: &State) -> Result<()> {
    if state.cgroup.is_empty() {
        return Ok(());
    }
    Cgroup::open(&state.cgroup)?.delete()
}

fn remove_state(root: &Path, id: &str) -> Result<()> {
    let path = folder(root, id);
    fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))
}
