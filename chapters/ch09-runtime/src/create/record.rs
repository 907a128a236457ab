//! What is written down of a container before there is one: its folder, its first state.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use anyhow::{Context, Result, bail};
use nix::unistd::{geteuid, getpid};

use super::Create;
use crate::place::{DELETED, Place};
use crate::plan::Plan;
use crate::spec::{Bundle, OCI_VERSION};
use crate::state::{State, folder, now, start_time};

/// Makes the folder of its state; whoever makes it has the name.
pub(super) fn make_folder(what: &Create<'_>) -> Result<Place> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o711);
    builder
        .create(what.root)
        .with_context(|| format!("make the state folder {}", what.root.display()))?;
    let state = folder(what.root, what.id);
    match builder.recursive(false).create(&state) {
        Ok(()) => Place::open(state)?.context(DELETED),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("container with id exists: {}", what.id)
        }
        Err(error) => Err(error).with_context(|| format!("make {}", state.display())),
    }
}

/// What is known before there is a process.
pub(super) fn first_state(
    what: &Create<'_>,
    bundle: &Bundle,
    plan: &Plan,
) -> Result<State> {
    let me = getpid();
    let born = start_time(me)?.context("this process has no start time")?;
    let annotations = bundle.spec.annotations().clone().unwrap_or_default();
    Ok(State {
        oci_version: OCI_VERSION.to_owned(),
        id: what.id.to_owned(),
        pid: 0,
        start_time: 0,
        bundle: bundle.folder.clone(),
        rootfs: plan.tree.root.clone(),
        created: now(),
        creator: geteuid().as_raw(),
        cgroup: plan.cgroup.to_string_lossy().into_owned(),
        unit: plan
            .unit
            .as_ref()
            .map(|unit| unit.name.clone())
            .unwrap_or_default(),
        started: what.at_once,
        launcher: (me.as_raw(), born),
        making: true,
        no_new_keyring: what.no_new_keyring,
        annotations: annotations.into_iter().collect(),
        hooks: bundle.spec.hooks().clone(),
    })
}
