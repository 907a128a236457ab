//! The whole engine from outside: `skiff` as a user types it, in worlds of their own.
//!
//! One program, so that its tests run side by side. Each file is one promise.

mod bad_input;
mod daemon;
mod docker;
mod explain;
mod first;
mod options;
mod pull;
mod survival;
mod terminal;
mod verbs;

use std::time::Duration;

use support::{Need, World, needs};

/// What a thing may take that is done at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

/// A world of root with nothing in it, if this machine can have one.
fn world() -> Option<World> {
    needs(&[Need::Root, Need::Overlay]).then(|| World::root(env!("CARGO_BIN_EXE_skiff")))
}

/// A world of an ordinary user, if this machine can have one.
fn ordinary_world() -> Option<World> {
    let skiff = env!("CARGO_BIN_EXE_skiff");
    needs(&[Need::UserNamespace, Need::Overlay]).then(|| World::ordinary(skiff))
}

/// What follows `run --rm toolbox sh -c`.
fn toolbox<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [&["run", "--rm"], options, &["toolbox", "sh", "-c", script]].concat()
}

/// Starts `script` in a container named `name` that stays.
#[track_caller]
fn detached(world: &World, name: &str, script: &str) -> String {
    let words = ["run", "-d", "--name", name, "toolbox", "sh", "-c", script];
    world.skiff(&words).ok().trim().to_owned()
}

/// One field of a container, by docker's template.
#[track_caller]
fn field(world: &World, name: &str, template: &str) -> String {
    world
        .skiff(&["inspect", "--format", template, name])
        .ok()
        .trim()
        .to_owned()
}
