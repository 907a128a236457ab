//! `ps`: who is in a container, by their pids outside.

use std::path::Path;

use anyhow::Result;
use nix::unistd::Pid;

use crate::freeze::cgroup;
use crate::state::{State, Status};

/// The processes of a container, by their host pids, in order.
///
/// # Errors
/// When there is no such container, or it has no cgroup to be counted by.
pub fn ps(root: &Path, id: &str) -> Result<Vec<Pid>> {
    let state = State::load(root, id)?;
    if state.status() == Status::Stopped {
        return Ok(Vec::new());
    }
    Ok(cgroup(&state)?.pids())
}
