//! What is said to systemd, heard by one that is none.

mod fake;

use std::fs;
use std::os::unix::net::UnixListener;

use super::address::Socket;
use super::*;
use fake::{Act, Fake};

const EXISTS: Act = Act::No("org.freedesktop.systemd1.UnitExists");
const NO_SUCH: Act = Act::No("org.freedesktop.systemd1.NoSuchUnit");

fn begun(fake: &Fake, is_bus: bool) -> Result<()> {
    let properties = vec![("PIDs", Value::Array("u".into(), vec![Value::U32(7)]))];
    fake.manager(is_bus)?.start("x.scope", properties)
}

#[test]
fn a_unit_is_started_when_its_job_is_done() {
    const START: &str = r#"StartTransientUnit("x.scope", "replace", ["PIDs"=[7]], [])"#;
    for is_bus in [true, false] {
        let fake = Fake::new(&[("StartTransientUnit", Act::Job("done"))]);
        begun(&fake, is_bus).unwrap();
        assert_eq!(fake.heard(), [START]);
    }
}

#[test]
fn a_unit_that_is_left_over_is_forgotten_first() {
    let fake = Fake::new(&[
        ("StartTransientUnit", EXISTS),
        ("ResetFailedUnit", Act::Yes),
        ("StartTransientUnit", Act::Job("done")),
    ]);
    begun(&fake, true).unwrap();
    assert_eq!(fake.heard().len(), 3);
    // One that is in use is somebody's: it is not stopped.
    let fake = Fake::new(&[
        ("StartTransientUnit", EXISTS),
        ("ResetFailedUnit", NO_SUCH),
        ("StartTransientUnit", EXISTS),
    ]);
    let error = begun(&fake, true).unwrap_err();
    let told = "start systemd unit x.scope: no such luck \
                (org.freedesktop.systemd1.UnitExists)";
    assert_eq!(format!("{error:#}"), told);
    assert_eq!(fake.heard().len(), 3);
}

/// What goes wrong after the order was taken: no unit stays.
#[test]
fn a_unit_whose_job_fails_is_stopped() {
    const ROWS: [(&[(&str, Act)], &str); 3] = [
        (
            &[
                ("StartTransientUnit", Act::Job("failed")),
                ("StopUnit", Act::Job("done")),
                ("ResetFailedUnit", Act::Yes),
            ],
            r#"start systemd unit x.scope: the job ended with "failed""#,
        ),
        (
            &[
                ("StartTransientUnit", Act::Yes),
                ("StopUnit", NO_SUCH),
                ("ResetFailedUnit", NO_SUCH),
            ],
            "the answer is not a job",
        ),
        (
            &[
                ("StartTransientUnit", Act::Noise),
                ("StopUnit", Act::Silence),
                ("ResetFailedUnit", Act::Silence),
            ],
            "a message of version 108",
        ),
    ];
    for (script, what) in ROWS {
        let fake = Fake::new(script);
        let error = begun(&fake, false).unwrap_err();
        assert!(format!("{error:#}").contains(what), "{error:#}");
        fake.heard();
    }
}

#[test]
fn silence_has_an_end() {
    let fake = Fake::new(&[("StartTransientUnit", Act::Silence)]);
    let error = begun(&fake, false).unwrap_err();
    assert!(
        format!("{error:#}").contains("no answer in time"),
        "{error:#}"
    );
    fake.heard();
    let fake = Fake::new(&[("StopUnit", Act::Silence), ("ResetFailedUnit", Act::Yes)]);
    let error = fake.manager(true).unwrap().stop("x.scope").unwrap_err();
    assert!(
        format!("{error:#}").contains("no answer in time"),
        "{error:#}"
    );
    fake.heard();
}

#[test]
fn a_unit_is_stopped_and_forgotten() {
    let order = [
        r#"StopUnit("x.scope", "replace")"#,
        r#"ResetFailedUnit("x.scope")"#,
    ];
    let fake = Fake::new(&[("StopUnit", Act::Job("done")), ("ResetFailedUnit", NO_SUCH)]);
    fake.manager(true).unwrap().stop("x.scope").unwrap();
    assert_eq!(fake.heard(), order);
    let fake = Fake::new(&[("StopUnit", NO_SUCH), ("ResetFailedUnit", NO_SUCH)]);
    fake.manager(false).unwrap().stop("x.scope").unwrap();
    assert_eq!(fake.heard(), order);
}

#[test]
fn properties_are_changed_until_the_next_boot() {
    let fake = Fake::new(&[("SetUnitProperties", Act::Yes)]);
    let mut manager = fake.manager(true).unwrap();
    let limits = Limits {
        memory: Some(-1),
        pids: Some(20),
        ..Limits::default()
    };
    let properties = properties::of(&limits, Version::V2, manager.version);
    manager.set("x.scope", properties).unwrap();
    // Nothing to say is not said.
    manager.set("x.scope", Vec::new()).unwrap();
    drop(manager);
    let order =
        r#"SetUnitProperties("x.scope", true, ["MemoryMax"=infinity, "TasksMax"=20])"#;
    assert_eq!(fake.heard(), [order]);
}

#[test]
fn without_systemd_it_is_said_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let address = |name: &str| Address {
        socket: Socket::Path(folder.path().join(name)),
        is_bus: true,
    };
    let none = [address("bus"), address("private")];
    let error = Manager::at(&none, PATIENCE).err().unwrap().to_string();
    assert!(
        error.starts_with("systemd cgroup flag passed, but"),
        "{error}"
    );
    assert!(
        error.contains("/bus or ") && error.contains("/private; "),
        "{error}"
    );
    assert!(error.contains("--cgroup-manager=cgroupfs"), "{error}");
    assert!(nobody(&[]).contains("XDG_RUNTIME_DIR"));
    // A socket where nobody listens is named.
    drop(UnixListener::bind(folder.path().join("bus")).unwrap());
    let error = Manager::at(&none, PATIENCE).err().unwrap();
    let told = format!("{error:#}");
    assert!(
        told.contains("speak to systemd at") && told.contains("refused"),
        "{told}"
    );
    fs::remove_file(folder.path().join("bus")).unwrap();
}

#[test]
fn a_scope_begins_with_a_process_and_a_slice_does_not() {
    let shown = |path: &str| {
        let unit = Unit::parse(path, "web").unwrap();
        let slice = unit.slice(false);
        let properties = pairs(beginning(&unit, slice, Pid::from_raw(7), Version::V2));
        properties
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let scope = shown("a.slice:p:n");
    assert!(
        scope.contains(r#""Slice"="a.slice" "Delegate"=true "PIDs"=[7]"#),
        "{scope}"
    );
    assert!(scope.contains(r#""IOAccounting"=true"#), "{scope}");
    let slice = shown("a.slice:p:n.slice");
    assert!(slice.contains(r#""Wants"=["a.slice"]"#), "{slice}");
    assert!(
        !slice.contains("PIDs") && !slice.contains("Delegate"),
        "{slice}"
    );
}

#[test]
fn versions_begin_with_a_number() {
    let rows = ["252.38-1~deb12u1", "v245.4-1.fc32", "258", "", "x"];
    assert_eq!(rows.map(number), [252, 245, 258, 0, 0]);
}
