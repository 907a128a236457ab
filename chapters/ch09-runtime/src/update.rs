//! `update`: other limits for a container that there is.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use oci_spec::runtime::LinuxResources;

use crate::freeze::cgroup;
use crate::plan::limits;
use crate::state::{State, Status};

/// Sets limits of a container; what `resources` does not mention stays as it is.
///
/// # Errors
/// When the container is stopped, a limit is not one that is acted on, its controller is
/// not here, or the kernel refuses the value.
pub fn update(root: &Path, id: &str, resources: &LinuxResources) -> Result<()> {
    let state = State::load(root, id)?;
    if state.status() == Status::Stopped {
        bail!("container not running");
    }
    let missing = cgroup(&state)?.set(&limits::of(Some(resources))?)?;
    ensure!(missing.is_empty(), "not set: {}", missing.join("; "));
    Ok(())
}
