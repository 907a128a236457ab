//! Random histories under a model.
//!
//! The model is what a user would say: which names are taken, who lives, who is frozen.
//! After each step of a history the engine and the model must agree, and what was
//! refused must have changed nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

/// One step of a history, about one of three containers.
#[derive(Debug, Clone)]
enum Step {
    Create { name: usize, auto_remove: bool },
    Ask(Verb),
    Started,
    StartFailed,
    Frozen,
    Thawed,
    Died(i32),
    Removed,
    Rename(usize),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let verb = prop_oneof![
        3 => Just(Verb::Start),
        1 => Just(Verb::Stop),
        1 => Just(Verb::Kill(9)),
        1 => Just(Verb::Pause),
        1 => Just(Verb::Unpause),
        1 => Just(Verb::Exec),
        1 => any::<bool>().prop_map(|force| Verb::Remove { force }),
    ];
    let step = prop_oneof![
        2 => (0..3_usize, any::<bool>())
            .prop_map(|(name, auto_remove)| Step::Create { name, auto_remove }),
        6 => verb.prop_map(Step::Ask),
        3 => Just(Step::Started),
        1 => Just(Step::StartFailed),
        1 => Just(Step::Frozen),
        1 => Just(Step::Thawed),
        2 => (0..256).prop_map(Step::Died),
        2 => Just(Step::Removed),
        1 => (0..3_usize).prop_map(Step::Rename),
    ];
    prop::collection::vec((0..3_usize, step), 1..60)
}

/// What a user would know of a container.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    name: String,
    auto_remove: bool,
    status: Status,
    ever_ran: bool,
    /// Events so far.
    told: Vec<String>,
}

#[derive(Default)]
struct Model(BTreeMap<String, Known>);

impl Model {
    fn holds(&self, name: &str) -> bool {
        self.0.values().any(|known| known.name == name)
    }

    /// What should become of the container, `None` for "refused, nothing changes".
    fn expect(&mut self, id: &str, step: &Step) -> bool {
        use Status::{Created, Exited, Paused, Removing, Running, Starting};
        let taken = match step {
            Step::Create { name, .. } | Step::Rename(name) => self.holds(&name_of(*name)),
            _ => false,
        };
        if let Step::Create { name, auto_remove } = step {
            if taken || self.0.contains_key(id) {
                return false;
            }
            let known = Known {
                name: name_of(*name),
                auto_remove: *auto_remove,
                status: Created,
                ever_ran: false,
                told: Vec::new(),
            };
            self.0.insert(id.to_owned(), known);
            return true;
        }
        let Some(known) = self.0.get_mut(id) else {
            return false;
        };
        let gone = |known: &Known| if known.auto_remove { Removing } else { Exited };
        known.status = match (step, known.status) {
            (Step::Ask(Verb::Start), Created | Exited) => Starting,
            (Step::Ask(Verb::Remove { .. }), Created | Exited) => Removing,
            (Step::Ask(Verb::Remove { force }), Running | Paused) if *force => {
                return true;
            }
            (Step::Ask(Verb::Stop | Verb::Kill(_)), Running | Paused) => return true,
            (Step::Ask(Verb::Pause | Verb::Exec), Running) => return true,
            (Step::Ask(Verb::Unpause), Paused) => return true,
            (Step::Ask(_), _) => return false,
            (Step::Started, Starting) => {
                known.ever_ran = true;
                Running
            }
            (Step::StartFailed, Starting) if known.auto_remove => Removing,
            (Step::StartFailed, Starting) if known.ever_ran => Exited,
            (Step::StartFailed, Starting) => Created,
            (Step::Frozen, Running) => Paused,
            (Step::Thawed, Paused) => Running,
            (Step::Died(_), Running | Paused) => gone(known),
            (Step::Removed, Removing) => {
                self.0.remove(id);
                return true;
            }
            (Step::Rename(_), _) if taken => return false,
            (Step::Rename(name), status) => {
                known.name = name_of(*name);
                status
            }
            // News that comes too late is taken and changes nothing.
            (_, status) => status,
        };
        true
    }
}

fn name_of(number: usize) -> String {
    format!("name{number}")
}

fn perform(core: &mut Core, id: &str, step: &Step) -> Result<Outcome, Refusal> {
    let now = Timestamp::UNIX_EPOCH;
    let report = match step {
        Step::Create { name, auto_remove } => {
            if core.get(id).is_some() {
                return Err(Refusal::conflict("the test's own ids are unique"));
            }
            core.reserve(&name_of(*name), id)?;
            let mut made = container(id, &name_of(*name));
            made.host.auto_remove = *auto_remove;
            core.insert(made);
            Report::Created
        }
        Step::Ask(verb) => {
            let effects = core.ask(id, verb)?;
            return Ok(Outcome {
                effects,
                ..Outcome::default()
            });
        }
        Step::Started => Report::Started {
            pid: 7,
            networks: BTreeMap::new(),
        },
        Step::StartFailed => Report::StartFailed {
            error: "no".into(),
            code: 127,
        },
        Step::Frozen => Report::Frozen,
        Step::Thawed => Report::Thawed,
        Step::Died(code) => Report::Died(exit(*code)),
        Step::Removed => Report::Removed,
        Step::Rename(name) => Report::Renamed(name_of(*name)),
    };
    core.report(id, report, now)
}

proptest! {
    #[test]
    fn engine_and_model_agree(history in steps()) {
        let (mut core, mut model) = (Core::default(), Model::default());
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (number, step) in history {
            let id = format!("{number}{number}{number}{number}");
            let before: Vec<Container> = core.containers().cloned().collect();
            let expected = model.expect(&id, &step);
            let answer = perform(&mut core, &id, &step);
            prop_assert_eq!(answer.is_ok(), expected, "{:?}: {:?}", step, answer);
            if let Ok(outcome) = answer {
                let actions = outcome.events.into_iter().map(|event| event.action);
                told.entry(id).or_default().extend(actions);
            } else {
                let after: Vec<Container> = core.containers().cloned().collect();
                prop_assert_eq!(before, after, "a refusal changed something");
            }
            agree(&core, &model)?;
        }
        for actions in told.values() {
            in_order(actions)?;
        }
    }
}

fn agree(core: &Core, model: &Model) -> Result<(), TestCaseError> {
    let ours: Vec<_> = core
        .containers()
        .map(|one| (&one.id, &one.name, one.state.status))
        .collect();
    let theirs: Vec<_> = model
        .0
        .iter()
        .map(|(id, known)| (id, &known.name, known.status))
        .collect();
    prop_assert_eq!(ours, theirs);
    prop_assert_eq!(core.names.len(), model.0.len(), "a name is left over");
    for one in core.containers() {
        prop_assert_eq!(&core.find(&one.name).unwrap().id, &one.id);
        prop_assert_eq!(one.state.pid != 0, one.state.status.is_alive());
    }
    Ok(())
}

/// Of one container: created first, destroyed last, started and died in turns.
fn in_order(actions: &[String]) -> Result<(), TestCaseError> {
    let mut lives = false;
    let mut exists = false;
    for action in actions {
        match action.as_str() {
            "create" => {
                prop_assert!(!exists);
                exists = true;
            }
            "destroy" => {
                prop_assert!(exists && !lives);
                exists = false;
            }
            "start" => {
                prop_assert!(exists && !lives);
                lives = true;
            }
            "die" => {
                prop_assert!(lives);
                lives = false;
            }
            "pause" | "unpause" => prop_assert!(lives),
            other => prop_assert_eq!(other, "rename"),
        }
    }
    Ok(())
}

fn exit(code: i32) -> Exit {
    Exit {
        code,
        at: Timestamp::UNIX_EPOCH,
        oom_killed: false,
    }
}
