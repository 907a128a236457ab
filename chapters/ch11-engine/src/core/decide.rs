//! What a request means for a container, by where on its way the container is.

use super::{Container, Core, Refusal, Status};

/// What is asked of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Make its first process, and let it go.
    Start,
    /// End it by its stop signal.
    Stop,
    /// Send it a signal.
    Kill(i32),
    /// Freeze it.
    Pause,
    /// Thaw it.
    Unpause,
    /// One more process in it.
    Exec,
    /// Tell its terminal how large it is.
    Resize,
    /// List its processes.
    Top,
    /// Remove it, and if it lives and `force` says so, end it first.
    Remove {
        /// Whether a living one is to be killed.
        force: bool,
    },
}

/// What is to be done about it, by someone with hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make a shim and, through it, the first process; report.
    Spawn,
    /// Send this signal to the first process.
    Signal(i32),
    /// Freeze the cgroup; report.
    Freeze,
    /// Thaw the cgroup; report.
    Thaw,
    /// Remove all files; report.
    Discard,
    /// Nothing stands in the way of what only the shim can do.
    PassOn,
}

impl Core {
    /// Decides. `id` is a whole id; what is refused changes nothing.
    ///
    /// For a [`Verb::Remove`] that must kill first the answer is that signal: ask again
    /// when it has died.
    ///
    /// # Errors
    /// What docker refuses, in docker's words.
    // ANCHOR: ask
    pub fn ask(&mut self, id: &str, verb: &Verb) -> Result<Vec<Effect>, Refusal> {
        use Status::{Created, Exited, Paused, Removing, Running, Starting};
        let container = self.container_mut(id)?;
        let state = &mut container.state;
        match (verb, state.status) {
            (Verb::Start, Created | Exited) => {
                state.status = Starting;
                Ok(vec![Effect::Spawn])
            }
            (Verb::Start | Verb::Stop, _) if already(verb, state.status) => {
                Err(Refusal::not_modified())
            }
            (Verb::Stop, Running) => Ok(vec![Effect::Signal(stop_signal(container))]),
            // A frozen process cannot take a signal: it gets it as it thaws.
            (Verb::Stop, Paused) => {
                Ok(vec![Effect::Signal(stop_signal(container)), Effect::Thaw])
            }
            (Verb::Kill(signal), Running) => Ok(vec![Effect::Signal(*signal)]),
            (Verb::Kill(signal), Paused) => {
                Ok(vec![Effect::Signal(*signal), Effect::Thaw])
            }
            (Verb::Pause, Running) => Ok(vec![Effect::Freeze]),
            (Verb::Unpause, Paused) => Ok(vec![Effect::Thaw]),
            (Verb::Exec, Running) => Ok(vec![Effect::PassOn]),
            (Verb::Resize | Verb::Top, Running | Paused) => Ok(vec![Effect::PassOn]),
            (Verb::Remove { .. }, Created | Exited) => {
                state.status = Removing;
                Ok(vec![Effect::Discard])
            }
            (Verb::Remove { force: true }, Running) => {
                Ok(vec![Effect::Signal(libc::SIGKILL)])
            }
            (Verb::Remove { force: true }, Paused) => {
                Ok(vec![Effect::Signal(libc::SIGKILL), Effect::Thaw])
            }
            (_, status) => Err(refuse(container, verb, status)),
        }
    }
    // ANCHOR_END: ask
}

/// The signal that asks the container to end: its own, else SIGTERM.
pub(super) fn stop_signal(container: &Container) -> i32 {
    super::signals::parse(&container.config.stop_signal).unwrap_or(libc::SIGTERM)
}

fn already(verb: &Verb, status: Status) -> bool {
    match verb {
        Verb::Start => matches!(status, Status::Starting | Status::Running),
        Verb::Stop => matches!(status, Status::Created | Status::Exited),
        _ => false,
    }
}

fn refuse(container: &Container, verb: &Verb, status: Status) -> Refusal {
    let Container { id, name, .. } = container;
    let message = match (verb, status) {
        (Verb::Start, Status::Paused) => {
            "cannot start a paused container, try unpause instead".to_owned()
        }
        (Verb::Remove { .. }, Status::Removing) => {
            format!("removal of container {name} is already in progress")
        }
        (_, Status::Removing) => {
            format!("Container {id} is marked for removal and cannot be used")
        }
        (Verb::Remove { .. }, Status::Paused) => format!(
            "cannot remove container \"/{name}\": container is paused and must be \
             unpaused first"
        ),
        (Verb::Remove { .. }, _) => format!(
            "cannot remove container \"/{name}\": container is running: stop the \
             container before removing or force remove"
        ),
        (Verb::Kill(_), _) => {
            format!("cannot kill container: {name}: container {id} is not running")
        }
        (Verb::Pause, Status::Paused) => format!("Container {id} is already paused"),
        (Verb::Unpause, _) => format!("Container {id} is not paused"),
        (Verb::Exec, Status::Paused) => {
            format!("Container {name} is paused, unpause the container before exec")
        }
        (Verb::Exec, _) => format!("container {id} is not running"),
        _ => format!("Container {id} is not running"),
    };
    Refusal::conflict(message)
}
