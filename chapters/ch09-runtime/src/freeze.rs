//! `pause` and `resume`: a container's processes stopped where they stand, by the freezer
//! of its cgroup.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use cgroups::Cgroup;

use crate::state::{State, Status};

/// Stops all processes of a container; returns when they stand.
///
/// # Errors
/// When it does not run, or has no cgroup.
pub fn pause(root: &Path, id: &str) -> Result<()> {
    let state = State::load(root, id)?;
    match state.status() {
        Status::Running | Status::Created => cgroup(&state)?.freeze(true),
        other => {
            let other = format!("{other:?}").to_lowercase();
            bail!("container not running or created: {other}")
        }
    }
}

/// Lets a paused container go on.
///
/// # Errors
/// When it is not paused.
pub fn resume(root: &Path, id: &str) -> Result<()> {
    let state = State::load(root, id)?;
    match state.status() {
        Status::Paused => cgroup(&state)?.freeze(false),
        _ => bail!("container not paused"),
    }
}

/// The cgroup of a container.
pub(crate) fn cgroup(state: &State) -> Result<Cgroup> {
    ensure!(
        !state.cgroup.is_empty(),
        "container {} has no cgroup: whoever made it may write to none",
        state.id
    );
    Ok(Cgroup::open(&state.cgroup)?.with_unit(&state.unit))
}
