//! The state machine: the whole table, and random histories under a model.

mod history;

use jiff::Timestamp;

use super::*;

/// A container as it is after `create`.
pub(crate) fn container(id: &str, name: &str) -> Container {
    Container {
        id: id.to_owned(),
        name: name.to_owned(),
        created: Timestamp::UNIX_EPOCH,
        image: "sha256:0".to_owned(),
        config: crate::api::ContainerConfig::default(),
        host: crate::api::HostConfig::default(),
        mounts: Vec::new(),
        planned: Vec::new(),
        state: State::default(),
    }
}

/// What one cell of the table says.
fn cell(status: Status, verb: &Verb) -> String {
    let mut core = Core::default();
    let mut one = container("1111", "one");
    one.state.status = status;
    core.insert(one);
    let answer = match core.ask("1111", verb) {
        Ok(effects) => {
            let words: Vec<_> = effects.iter().map(|what| format!("{what:?}")).collect();
            words.join("+")
        }
        Err(Refusal {
            kind: Kind::NotModified,
            ..
        }) => "304".to_owned(),
        Err(Refusal {
            kind: Kind::Conflict,
            ..
        }) => "409".to_owned(),
        Err(other) => format!("{other:?}"),
    };
    let after = core.get("1111").unwrap().state.status;
    if after == status {
        answer
    } else {
        format!("{answer} -> {after:?}")
    }
}

#[test]
fn every_verb_in_every_status() {
    use Status::{Created, Exited, Paused, Removing, Running, Starting};
    let verbs = [
        Verb::Start,
        Verb::Stop,
        Verb::Kill(1),
        Verb::Pause,
        Verb::Unpause,
        Verb::Exec,
        Verb::Resize,
        Verb::Top,
        Verb::Remove { force: false },
        Verb::Remove { force: true },
    ];
    let mut table = String::new();
    for status in [Created, Starting, Running, Paused, Exited, Removing] {
        table.push_str(&format!("{status:?}\n"));
        for verb in &verbs {
            table.push_str(&format!("  {verb:?}: {}\n", cell(status, verb)));
        }
    }
    assert_eq!(table, include_str!("table.txt"));
}

#[test]
fn an_id_a_name_or_a_beginning() {
    let mut core = Core::default();
    for (id, name) in [("aaaa1", "one"), ("aaaa2", "two"), ("bbbb1", "aaaa")] {
        core.insert(container(id, name));
    }
    let found = |wanted: &str| core.find(wanted).map(|found| found.id.clone());
    assert_eq!(found("aaaa1").unwrap(), "aaaa1");
    assert_eq!(found("/one").unwrap(), "aaaa1");
    assert_eq!(
        found("aaaa").unwrap(),
        "bbbb1",
        "a name goes before a beginning"
    );
    assert_eq!(found("b").unwrap(), "bbbb1");
    assert_eq!(found("aaa").unwrap_err().kind, Kind::Bad);
    assert_eq!(found("").unwrap_err().kind, Kind::NotFound);
    assert_eq!(found("c").unwrap_err().message, "No such container: c");
}
