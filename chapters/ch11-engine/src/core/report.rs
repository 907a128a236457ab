//! What became of a decision, and what that makes of the container.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::container::Address;
use super::{Container, Core, Effect, Exit, Refusal, State, Status, events};
use crate::api::Event;

/// News of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It was made.
    Created,
    /// Its first process lives.
    Started {
        /// Which process.
        pid: i32,
        /// Where it is in its networks.
        networks: BTreeMap<String, Address>,
    },
    /// It could not be started.
    StartFailed {
        /// Why.
        error: String,
        /// 126, 127 or 128, as a shell says it.
        code: i32,
    },
    /// A signal was sent.
    Signalled(i32),
    /// It is frozen.
    Frozen,
    /// It runs again.
    Thawed,
    /// Its first process is gone.
    Died(Exit),
    /// Its files are gone.
    Removed,
    /// It has another name.
    Renamed(String),
}

/// What follows from news.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// For those who listen.
    pub events: Vec<Event>,
    /// What is to be done next.
    pub effects: Vec<Effect>,
}

impl Core {
    /// Takes in news about the container with this whole id.
    ///
    /// News that comes too late (of the death of what is dead) changes nothing.
    ///
    /// # Errors
    /// There is no such container; or the new name is taken.
    pub fn report(
        &mut self,
        id: &str,
        report: Report,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        if let Report::Renamed(name) = report {
            return self.renamed(id, &name, now);
        }
        let container = self.container_mut(id)?;
        let Some(actions) = advance(container, &report, now) else {
            return Ok(Outcome::default());
        };
        let events = actions
            .iter()
            .map(|action| events::of_container(container, action, &report, now))
            .collect();
        let mut outcome = Outcome {
            events,
            effects: Vec::new(),
        };
        if actions.contains(&"die") {
            self.end_execs(id);
        }
        if actions.contains(&"destroy") {
            self.forget(id);
        }
        if let Ok(container) = self.container_mut(id) {
            outcome.effects = begin_auto_remove(container, &report);
        }
        Ok(outcome)
    }

    fn renamed(
        &mut self,
        id: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let old = self.container_mut(id)?.name.clone();
        if old == name {
            return Err(Refusal::bad(
                "Renaming a container with the same name as its current name",
            ));
        }
        self.reserve(name, id)?;
        self.names.remove(&old);
        let container = self.container_mut(id)?;
        name.clone_into(&mut container.name);
        let report = Report::Renamed(old);
        let event = events::of_container(container, "rename", &report, now);
        Ok(Outcome {
            events: vec![event],
            effects: Vec::new(),
        })
    }

    fn forget(&mut self, id: &str) {
        if let Some(container) = self.containers.remove(id) {
            self.names.remove(&container.name);
        }
        self.execs.retain(|_, exec| exec.container != id);
    }
}

/// Moves a container on by one piece of news; the actions that this is, for events.
/// `None` for news that comes too late.
// ANCHOR: advance
fn advance(
    container: &mut Container,
    report: &Report,
    now: Timestamp,
) -> Option<Vec<&'static str>> {
    let state = &mut container.state;
    Some(match (report, state.status) {
        (Report::Created, _) => vec!["create"],
        (Report::Started { pid, networks }, Status::Starting) => {
            *state = State {
                status: Status::Running,
                pid: *pid,
                started_at: Some(now),
                finished_at: state.finished_at,
                networks: networks.clone(),
                ..State::default()
            };
            vec!["start"]
        }
        (Report::StartFailed { error, code }, Status::Starting) => {
            let ran = state.started_at.is_some();
            state.status = if ran { Status::Exited } else { Status::Created };
            state.error.clone_from(error);
            state.exit_code = *code;
            vec![]
        }
        (Report::Signalled(_), status) if status.is_alive() => vec!["kill"],
        (Report::Frozen, Status::Running) => {
            state.status = Status::Paused;
            vec!["pause"]
        }
        (Report::Thawed, Status::Paused) => {
            state.status = Status::Running;
            vec!["unpause"]
        }
        (Report::Died(exit), status) if status.is_alive() => {
            state.status = Status::Exited;
            state.pid = 0;
            state.networks.clear();
            state.exit_code = exit.code;
            state.oom_killed = exit.oom_killed;
            state.finished_at = Some(exit.at);
            if exit.oom_killed {
                vec!["oom", "die"]
            } else {
                vec!["die"]
            }
        }
        (Report::Removed, Status::Removing) => vec!["destroy"],
        _ => return None,
    })
}
// ANCHOR_END: advance

/// A container of `--rm` is removed when it has ended, or could not begin.
fn begin_auto_remove(container: &mut Container, report: &Report) -> Vec<Effect> {
    let over = matches!(report, Report::Died(_) | Report::StartFailed { .. });
    if !over || !container.host.auto_remove {
        return Vec::new();
    }
    container.state.status = Status::Removing;
    vec![Effect::Discard]
}
