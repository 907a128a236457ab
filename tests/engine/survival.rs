//! Containers outlive the daemon: killed, stopped, replaced.

use std::time::Duration;

use support::{World, eventually};

use crate::{SOON, detached, field, world};

const COUNT: &str = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done";

/// The numbers that a log has, each on a line of its own.
fn numbers(log: &str) -> Vec<u64> {
    log.lines()
        .map(|line| line.parse().expect("a number a line"))
        .collect()
}

fn kill_daemon(world: &World) {
    let pid = world
        .daemon_pid()
        .expect("a daemon that wrote its pid down");
    let _ = world.run(&["kill", "-9", &pid.to_string()]).ok();
    eventually("the daemon is gone", SOON, || {
        world.daemon_pid().is_none().then_some(())
    });
}

#[test]
fn a_log_has_no_gap() {
    let Some(world) = world() else { return };
    detached(&world, "w", COUNT);
    let inner = field(&world, "w", "{{.State.Pid}} {{.State.StartedAt}}");
    eventually("some lines", SOON, || {
        (numbers(&world.skiff(&["logs", "w"]).ok()).len() > 3).then_some(())
    });
    kill_daemon(&world);
    // Nobody is there: the container goes on counting.
    std::thread::sleep(Duration::from_millis(700));
    let all = numbers(&world.skiff(&["logs", "w"]).ok());
    assert!(all.len() > 8, "{all:?}");
    assert!(
        all.iter().copied().eq(0..all.len() as u64),
        "each number once: {all:?}"
    );
    assert_eq!(
        field(&world, "w", "{{.State.Pid}} {{.State.StartedAt}}"),
        inner
    );
    assert!(world.skiff(&["ps"]).ok().contains("Up "));
    let _ = world.skiff(&["exec", "w", "true"]).ok();
    let _ = world.skiff(&["stop", "-t", "1", "w"]).ok();
    assert_eq!(field(&world, "w", "{{.State.ExitCode}}"), "137");
}

#[test]
fn an_exit_code_arrives_late() {
    let Some(world) = world() else { return };
    for code in [0, 5, 9] {
        detached(
            &world,
            &format!("c{code}"),
            &format!("sleep 1; exit {code}"),
        );
    }
    detached(
        &world,
        "stays",
        "trap 'exit 4' TERM; while :; do sleep 0.1; done",
    );
    kill_daemon(&world);
    std::thread::sleep(Duration::from_millis(1500));
    for code in [0, 5, 9] {
        let name = format!("c{code}");
        assert_eq!(world.skiff(&["wait", &name]).ok(), format!("{code}\n"));
        assert_eq!(
            field(&world, &name, "{{.State.Status}} {{.State.ExitCode}}"),
            format!("exited {code}")
        );
    }
    let _ = world.skiff(&["stop", "stays"]).ok();
    assert_eq!(field(&world, "stays", "{{.State.ExitCode}}"), "4");
}

#[test]
fn what_was_to_be_removed_is_removed_later() {
    let Some(world) = world() else { return };
    let words = [
        "run", "-d", "--rm", "--name", "brief", "toolbox", "sleep", "1",
    ];
    let _ = world.skiff(&words).ok();
    kill_daemon(&world);
    std::thread::sleep(Duration::from_millis(1300));
    eventually("it is removed", SOON, || {
        (world.skiff(&["ps", "-aq"]).ok().is_empty()).then_some(())
    });
}

#[test]
fn containers_outlive_daemon_stop() {
    let Some(world) = world() else { return };
    detached(&world, "stay", COUNT);
    let first = world.daemon_pid();
    let _ = world.skiff(&["daemon", "stop"]).ok();
    eventually("the daemon is gone", SOON, || {
        world.daemon_pid().is_none().then_some(())
    });
    assert_eq!(
        world.skiff(&["ps", "--format", "{{.Names}}"]).ok(),
        "stay\n"
    );
    assert_ne!(world.daemon_pid(), first);
    let all = numbers(&world.skiff(&["logs", "stay"]).ok());
    assert!(all.iter().copied().eq(0..all.len() as u64), "{all:?}");
    let _ = world.skiff(&["rm", "-f", "stay"]).ok();
}

#[test]
fn a_killed_shim_is_noticed() {
    let Some(world) = world() else { return };
    detached(&world, "orphan", "while :; do sleep 0.1; done");
    let pid = field(&world, "orphan", "{{.State.Pid}}");
    let stat = world.run(&["cat", &format!("/proc/{pid}/stat")]).ok();
    let shim = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(1))
        .unwrap()
        .to_owned();
    let name = world.run(&["cat", &format!("/proc/{shim}/comm")]).ok();
    assert!(
        name.starts_with("skiff"),
        "the container's parent is its shim: {name}"
    );
    let _ = world.run(&["kill", "-9", &shim]).ok();
    eventually("it is known to have ended", SOON, || {
        (field(&world, "orphan", "{{.State.Running}}") == "false").then_some(())
    });
    assert_ne!(field(&world, "orphan", "{{.State.ExitCode}}"), "0");
    assert_ne!(
        world.run(&["test", "-d", &format!("/proc/{pid}")]).code,
        0,
        "PID 1 is gone too"
    );
}
