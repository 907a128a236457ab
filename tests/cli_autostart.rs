//! What a daemon that a client starts has of that client: its environment, and nothing
//! that was open in it.

use support::{Need, World, needs};

#[test]
fn a_daemon_keeps_nothing_open_of_whoever_started_it() {
    if !needs(&[Need::Root]) {
        return;
    }
    let world = World::root(env!("CARGO_BIN_EXE_skiff"));
    let skiff = world.skiff_path().display().to_string();
    // A reader's shell may have left anything open: here, number 9.
    let line = format!("exec 9</dev/zero; exec {skiff} ps -q");
    assert_eq!(world.run(&["sh", "-c", &line]).ok(), "");
    let pid = world.daemon_pid().expect("a daemon");
    let open = world.run(&["ls", "-l", &format!("/proc/{pid}/fd")]).ok();
    assert!(open.contains("/dev/null"), "{open}");
    assert!(!open.contains("/dev/zero"), "{open}");
    let stat = world.run(&["cat", &format!("/proc/{pid}/stat")]).ok();
    let fields: Vec<_> = stat.split_whitespace().collect();
    assert_eq!(fields[1], "(skiff)", "a name that ps can show");
    assert_eq!(
        (fields[5], fields[6]),
        (fields[0], "0"),
        "its own session, no terminal"
    );
}
