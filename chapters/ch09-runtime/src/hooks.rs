//! Hooks: programs of the caller's, run at fixed moments of a container's life
//! (runtime-spec, config.md, "POSIX-platform Hooks"), with its state on standard input.

mod program;
mod stayed;

use anyhow::{Context, Result, ensure};
use oci_spec::runtime::{Hook, Hooks};
use workbench::steps;

use crate::state::{State, Status};
pub(crate) use stayed::stay_behind;

/// The moments, by their names in `config.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the runtime, with the namespaces made: the old name.
    Prestart,
    /// In the runtime, with the namespaces made.
    CreateRuntime,
    /// In the container's namespaces, before its root is changed.
    CreateContainer,
    /// In the container, before the program.
    StartContainer,
    /// In the runtime, after the program was started.
    Poststart,
    /// In the runtime, after the container was deleted, or when it came to nothing.
    Poststop,
}

impl Moment {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Prestart,
        Self::CreateRuntime,
        Self::CreateContainer,
        Self::StartContainer,
        Self::Poststart,
        Self::Poststop,
    ];

    /// The name that `config.json` has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prestart => "prestart",
            Self::CreateRuntime => "createRuntime",
            Self::CreateContainer => "createContainer",
            Self::StartContainer => "startContainer",
            Self::Poststart => "poststart",
            Self::Poststop => "poststop",
        }
    }

    /// Whether its hooks run in the runtime's namespaces, not in the container's.
    fn is_at_home(self) -> bool {
        !matches!(self, Self::CreateContainer | Self::StartContainer)
    }

    fn of(self, hooks: &Hooks) -> &[Hook] {
        let list = match self {
            Self::Prestart => hooks.prestart(),
            Self::CreateRuntime => hooks.create_runtime(),
            Self::CreateContainer => hooks.create_container(),
            Self::StartContainer => hooks.start_container(),
            Self::Poststart => hooks.poststart(),
            Self::Poststop => hooks.poststop(),
        };
        list.as_deref().unwrap_or_default()
    }
}

/// Whether there is anything to run at this moment.
#[must_use]
pub fn any(hooks: Option<&Hooks>, moment: Moment) -> bool {
    hooks.is_some_and(|hooks| !moment.of(hooks).is_empty())
}

/// Whether anything is to be run in the runtime's own namespaces.
pub(crate) fn any_at_home(hooks: Option<&Hooks>) -> bool {
    let mut all = Moment::ALL.into_iter().filter(|moment| moment.is_at_home());
    all.any(|moment| any(hooks, moment))
}

/// The state as hooks get it (runtime-spec, runtime.md, "State"): `pid` is the first
/// process as the hook's own pid namespace numbers it.
#[must_use]
pub fn told(state: &State, pid: i32, status: Status) -> serde_json::Value {
    state.told(pid, status)
}

/// Runs the hooks of a moment, one after another, each with `state` on its input.
///
/// # Errors
/// The first hook that cannot be run, fails, or takes longer than its time.
// ANCHOR: run
pub fn run(
    hooks: Option<&Hooks>,
    moment: Moment,
    state: &serde_json::Value,
) -> Result<()> {
    each(hooks, moment, state).collect()
}

/// Runs all hooks of a moment, and returns what went wrong: after the end of a container
/// nothing can be stopped any more, and one hook's failure keeps no other from its turn.
#[must_use]
pub fn run_all(
    hooks: Option<&Hooks>,
    moment: Moment,
    state: &serde_json::Value,
) -> Vec<anyhow::Error> {
    each(hooks, moment, state).filter_map(Result::err).collect()
}

fn each(
    hooks: Option<&Hooks>,
    moment: Moment,
    state: &serde_json::Value,
) -> impl Iterator<Item = Result<()>> {
    let hooks = hooks.map_or(&[][..], |hooks| moment.of(hooks));
    hooks.iter().enumerate().map(move |(index, hook)| {
        let what = || {
            format!(
                "run {} hook #{index} {}",
                moment.name(),
                hook.path().display()
            )
        };
        let why = "the caller's program, at its moment, with the state on its input";
        steps::step(9, format_args!("{}", what()), why, || {
            stayed::run(moment, hook, state)
        })
        .with_context(what)
    })
}
// ANCHOR_END: run

/// Runs the poststop hooks of a container that came to nothing, for which nobody will say
/// `delete`: they undo what others have done. Tells on what they got wrong, with why it was.
pub(crate) fn after_all(
    hooks: Option<&Hooks>,
    state: &State,
    why: anyhow::Error,
) -> anyhow::Error {
    let wrong = run_all(hooks, Moment::Poststop, &told(state, 0, Status::Stopped));
    wrong.into_iter().fold(why, |why, also| {
        why.context(format!("undone, but for this: {also:#}; the reason"))
    })
}

/// Refuses a hook that the specification does not allow, before anything is made.
///
/// # Errors
/// Names the hook and what is wrong with it.
pub(crate) fn check(hooks: Option<&Hooks>) -> Result<()> {
    let all = hooks.into_iter().flat_map(|hooks| {
        Moment::ALL.into_iter().flat_map(move |moment| {
            let list = moment.of(hooks).iter().enumerate();
            list.map(move |(index, hook)| (moment.name(), index, hook))
        })
    });
    for (moment, index, hook) in all {
        let path = hook.path();
        ensure!(
            path.is_absolute(),
            "config.json: hooks.{moment}[{index}].path {path:?} is not absolute"
        );
        ensure!(
            hook.timeout().is_none_or(|seconds| seconds > 0),
            "config.json: hooks.{moment}[{index}].timeout is not greater than zero"
        );
    }
    Ok(())
}
