//! `start`: the word that lets a created container go.

use std::path::Path;

use anyhow::{Result, anyhow};

use crate::hooks::{self, Moment};
use crate::kill::kill;
use crate::place::Place;
use crate::start_gate;
use crate::state::{State, Status, folder};
use crate::surroundings::close_to_hooks;

// ANCHOR: start
/// Starts a created container; returns when its program runs.
///
/// # Errors
/// When it is not in the state created, or its program could not be executed.
pub fn start(root: &Path, id: &str) -> Result<()> {
    close_to_hooks(0)?;
    let place = Place::open(folder(root, id));
    let mut state = State::load(root, id)?;
    match state.status() {
        Status::Created => {}
        other => return Err(refused(other)),
    }
    if !start_gate::open_for_start(&folder(root, id))? {
        // Somebody else gave the word, perhaps by hand.
        state.started = true;
        return Err(refused(state.status()));
    }
    state.started = true;
    if let Some(place) = place? {
        place.save(&state, root)?;
    }
    let told = hooks::told(&state, state.pid, Status::Running);
    let hooked = hooks::run(state.hooks.as_ref(), Moment::Poststart, &told);
    if hooked.is_err() {
        // Since version 1.2 of the specification the container ends by it.
        let _ = kill(root, id, libc::SIGKILL, false);
    }
    hooked
}
// ANCHOR_END: start

fn refused(status: Status) -> anyhow::Error {
    anyhow!(match status {
        Status::Stopped => "cannot start a container that has stopped",
        Status::Paused => "cannot start a container that is paused",
        Status::Creating => "cannot start a container that is being created",
        Status::Created | Status::Running => "cannot start an already running container",
    })
}
