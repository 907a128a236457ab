//! What outlives a daemon, and what the next one makes of it.

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use harness::{Daemon, LIMIT};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::eventually;

#[test]
fn containers_live_on_without_a_daemon() {
    let Some(mut daemon) = Daemon::start() else {
        return;
    };
    let script = "while :; do echo tick; sleep 0.1; done";
    daemon.run("lives", script, "");
    let before = daemon.inspect("lives")["State"]["Pid"].clone();
    daemon.end(Signal::SIGKILL);
    daemon.again();
    let state = daemon.inspect("lives")["State"].clone();
    assert_eq!(
        (&state["Status"], &state["Pid"]),
        (&"running".into(), &before)
    );
    let lines = daemon.output("lives").lines().count();
    eventually("it goes on", LIMIT, || {
        (daemon.output("lives").lines().count() > lines).then_some(())
    });
    let exec = r#"{"AttachStdout":true,"Cmd":["true"]}"#;
    assert_eq!(
        daemon.ask("POST", "/containers/lives/exec", exec).status,
        201
    );
    assert_eq!(daemon.end(Signal::SIGTERM), Some(0));
    assert!(
        !daemon.socket().exists(),
        "a daemon that ends takes its socket along"
    );
    daemon.again();
    assert_eq!(daemon.post("/containers/lives/stop?t=0").status, 204);
    assert_eq!(daemon.inspect("lives")["State"]["ExitCode"], 137);
}

#[test]
fn ends_that_no_daemon_saw_are_known() {
    let Some(mut daemon) = Daemon::start() else {
        return;
    };
    for code in [0, 9] {
        daemon.run(&format!("c{code}"), &format!("sleep 0.5; exit {code}"), "");
    }
    daemon.run("removed", "sleep 0.5", r#""AutoRemove":true"#);
    daemon.create("waits", "true", "");
    let family = daemon.family();
    assert_eq!(family.len(), 3);
    daemon.end(Signal::SIGKILL);
    eventually("all have ended", LIMIT, || {
        let gone = |pid: &i32| kill(Pid::from_raw(*pid), None).is_err();
        family.iter().all(|(shim, _)| gone(shim)).then_some(())
    });
    daemon.again();
    for code in [0, 9] {
        let state = daemon.inspect(&format!("c{code}"))["State"].clone();
        assert_eq!(
            (&state["Status"], &state["ExitCode"]),
            (&"exited".into(), &code.into())
        );
    }
    daemon
        .ask("GET", "/containers/removed/json", "")
        .refused(404);
    assert_eq!(daemon.inspect("waits")["State"]["Status"], "created");
    assert_eq!(daemon.post("/containers/waits/start").status, 204);
    assert_eq!(daemon.wait_for("waits"), 0);
}

#[test]
fn a_killed_shim_takes_its_container_along_and_it_is_seen() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.run("boat", "exec sleep 1000", "");
    let (shim, pid) = daemon.family()[0];
    kill(Pid::from_raw(shim), Signal::SIGKILL).unwrap();
    eventually("it is seen", LIMIT, || {
        (daemon.inspect("boat")["State"]["Status"] == "exited").then_some(())
    });
    assert_ne!(daemon.inspect("boat")["State"]["ExitCode"], 0);
    eventually("it is dead", LIMIT, || kill(Pid::from_raw(pid), None).err());
    assert_eq!(daemon.ask("DELETE", "/containers/boat", "").status, 204);
}

#[test]
fn half_made_and_half_removed_containers_are_cleared_away() {
    let Some(mut daemon) = Daemon::start() else {
        return;
    };
    let whole = daemon.create("whole", "true", "");
    let half = daemon.create("half", "true", "");
    daemon.end(Signal::SIGKILL);
    let containers = daemon.path("d/containers");
    fs::remove_file(containers.join(&half).join("config.json")).unwrap();
    fs::create_dir(containers.join(".0123")).unwrap();
    daemon.again();
    let left: Vec<_> = fs::read_dir(&containers)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, [whole]);
    daemon.ask("GET", "/containers/half/json", "").refused(404);
}

#[test]
fn after_a_reboot_nothing_runs() {
    let Some(mut daemon) = Daemon::start() else {
        return;
    };
    daemon.run("boat", "exec sleep 1000", "");
    let (shim, pid) = daemon.family()[0];
    daemon.end(Signal::SIGKILL);
    // As a reboot leaves it: no process, and a boot id that is not this boot's.
    for process in [shim, pid] {
        let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
    }
    fs::write(daemon.path("r/boot-id"), "another").unwrap();
    daemon.again();
    let state = daemon.inspect("boat")["State"].clone();
    assert_eq!(
        (&state["Status"], &state["ExitCode"]),
        (&"exited".into(), &255.into())
    );
    assert_eq!(fs::read_dir(daemon.path("r/shims")).unwrap().count(), 0);
    assert_eq!(daemon.post("/containers/boat/start").status, 204);
}

#[test]
fn a_second_daemon_is_refused_and_a_stale_socket_is_not_in_the_way() {
    let Some(mut daemon) = Daemon::start() else {
        return;
    };
    let second = daemon.command().stderr(Stdio::piped()).output().unwrap();
    assert!(!second.status.success());
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        error.contains("belongs to a daemon that runs: pid "),
        "{error}"
    );
    let mode = fs::metadata(daemon.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    daemon.end(Signal::SIGKILL);
    assert!(daemon.socket().exists());
    daemon.again();
    assert_eq!(daemon.ask("GET", "/_ping", "").status, 200);
}

#[test]
fn an_idle_daemon_leaves_but_not_its_containers() {
    let Some(mut daemon) = Daemon::start_with(&["--idle-exit", "1"]) else {
        return;
    };
    daemon.run("boat", "sleep 2.5", "");
    assert_eq!(daemon.wait_for("boat"), 0);
    assert_eq!(daemon.wait(), Some(0), "{}", daemon.log_text());
    assert!(daemon.log_text().contains("idle"));
}

#[test]
fn the_bench_shows_a_conversation() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let run = |words: &[&str]| {
        let mut command: Command = daemon.user.command(env!("CARGO_BIN_EXE_ch11"));
        let out = command.args(words).output().unwrap();
        (
            out.status.code(),
            String::from_utf8(out.stdout).unwrap(),
            out.stderr,
        )
    };
    let (code, out, err) = run(&[]);
    assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&err));
    assert!(
        out.contains("> POST /v1.51/containers/boat/start HTTP/1.1"),
        "{out}"
    );
    assert!(out.contains("hello from "), "{out}");
    let (code, out, _) = run(&["run", "sh", "-c", "echo twice $((21 * 2)); exit 3"]);
    assert_eq!(code, Some(3));
    assert!(out.contains("twice 42"), "{out}");
    let (_, _, err) = run(&["--explain", "run", "true"]);
    let steps = String::from_utf8(err).unwrap();
    assert!(steps.contains("pivot_root"), "{steps}");
}
