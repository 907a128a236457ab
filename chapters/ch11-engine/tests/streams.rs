//! Connections that stay: attach, exec, logs, events, steps.

mod harness;

use std::io::{Read, Write};
use std::net::Shutdown;

use harness::{Daemon, LIMIT, read_head, unframe};
use support::eventually;

#[test]
fn who_attaches_before_the_start_misses_nothing() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let create = r#"{"Image":"toolbox","Cmd":["sh","-c","echo a; cat; echo b"],
        "OpenStdin":true,"StdinOnce":true}"#;
    daemon.ask("POST", "/containers/create?name=boat", create);
    let path = "/containers/boat/attach?stream=1&stdin=1&stdout=1&stderr=1";
    let mut stream = daemon.hijack(path, "");
    // Typed ahead, ended ahead: it is there when the program asks.
    stream.write_all(b"typed\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut waiting =
        daemon.open("POST", "/containers/boat/wait?condition=next-exit", &[], "");
    let head = read_head(&mut waiting);
    assert!(
        head.starts_with("HTTP/1.1 200 OK"),
        "the head comes before the end: {head}"
    );
    assert_eq!(daemon.post("/containers/boat/start").status, 204);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(unframe(&bytes), "a\ntyped\nb\n");
    let mut text = String::new();
    waiting.read_to_string(&mut text).unwrap();
    assert!(text.contains(r#"{"StatusCode":0}"#), "{text}");
}

#[test]
fn a_client_without_upgrade_gets_a_body() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.create("boat", "echo plain", "");
    let mut stream =
        daemon.open("POST", "/containers/boat/attach?stream=1&stdout=1", &[], "");
    let head = read_head(&mut stream).to_lowercase();
    assert!(
        head.contains("application/vnd.docker.multiplexed-stream"),
        "{head}"
    );
    daemon.post("/containers/boat/start");
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("plain\n"), "{text:?}");
}

#[test]
fn one_more_process_runs_in_a_container() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.run("boat", "exec sleep 1000", "");
    let exec = |config: &str| {
        let made = daemon.ask("POST", "/containers/boat/exec", config);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["Id"].as_str().unwrap().to_owned()
    };
    let id = exec(
        r#"{"AttachStdin":true,"AttachStdout":true,"Env":["A=b"],"WorkingDir":"/etc",
            "Cmd":["sh","-c","echo $A $(pwd) $(cat); exit 5"]}"#,
    );
    let mut stream = daemon.hijack(&format!("/exec/{id}/start"), "{}");
    stream.write_all(b"said").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(unframe(&bytes), "b /etc said\n");
    let path = format!("/exec/{id}/json");
    let code = eventually("the exec has ended", LIMIT, || {
        daemon.ask("GET", &path, "").json()["ExitCode"].as_i64()
    });
    assert_eq!(code, 5);
    daemon
        .ask("POST", &format!("/exec/{id}/start"), "{}")
        .refused(409);
    // What cannot be run says so where its output would be, and has a status.
    let id = exec(r#"{"AttachStdout":true,"Cmd":["nosuch"]}"#);
    let mut bytes = Vec::new();
    let mut stream = daemon.hijack(&format!("/exec/{id}/start"), "{}");
    stream.read_to_end(&mut bytes).unwrap();
    let words = unframe(&bytes);
    assert!(words.contains("executable file not found"), "{words}");
    let seen = daemon.ask("GET", &format!("/exec/{id}/json"), "").json();
    assert_eq!(seen["ExitCode"], 127);
    daemon.post("/containers/boat/kill");
    daemon.wait_for("boat");
    daemon
        .ask("POST", "/containers/boat/exec", r#"{"Cmd":["x"]}"#)
        .refused(409);
}

#[test]
fn followers_of_a_log_read_to_the_end() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let script =
        "echo one; cat /proc/sys/kernel/random/uuid >/dev/null; sleep 0.3; echo two";
    daemon.run("boat", script, "");
    let path = "/containers/boat/logs?follow=1&stdout=1";
    let logs = daemon.ask("GET", path, "");
    assert_eq!(unframe(&logs.body), "one\ntwo\n");
}

#[test]
fn what_happens_is_told_in_order() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let since = jiff::Timestamp::now().as_second() - 1;
    let id = daemon.run("boat", "exit 2", r#""AutoRemove":true"#);
    eventually("it is removed", LIMIT, || {
        let status = daemon.ask("GET", "/containers/boat/json", "").status;
        (status == 404).then_some(())
    });
    let until = jiff::Timestamp::now().as_second() + 1;
    let path = format!(
        "/events?since={since}&until={until}&filters={{\"type\":[\"container\"]}}"
    );
    let events = daemon.ask("GET", &path.replace('"', "%22"), "").text();
    let events: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let actions: Vec<&str> = events
        .iter()
        .map(|event| event["Action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["create", "start", "die", "destroy"]);
    assert_eq!(events[2]["Actor"]["Attributes"]["exitCode"], "2");
    assert!(events.iter().all(|event| event["Actor"]["ID"] == *id));
}

#[test]
fn the_steps_of_a_start_are_told_on_demand() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.create("boat", "true", "");
    let explain = [("Skiff-Explain", "test-1")];
    let mut started = daemon.open("POST", "/containers/boat/start", &explain, "");
    started.read_to_end(&mut Vec::new()).unwrap();
    let steps = daemon.ask("GET", "/skiff/steps/test-1", "").text();
    let roles: std::collections::BTreeSet<String> = steps
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|step| step["role"].as_str().unwrap().to_owned())
        .collect();
    for role in ["shim", "init"] {
        assert!(roles.contains(role), "{roles:?}");
    }
    daemon.ask("GET", "/skiff/steps/test-1", "").refused(404);
}

#[test]
fn a_writer_who_is_killed_ends_the_input() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let create = r#"{"Image":"toolbox","Cmd":["sh","-c","cat >/dev/null; exit 4"],
        "OpenStdin":true,"StdinOnce":true}"#;
    daemon.ask("POST", "/containers/create?name=boat", create);
    let mut stream =
        daemon.hijack("/containers/boat/attach?stream=1&stdin=1&stdout=1", "");
    assert_eq!(daemon.post("/containers/boat/start").status, 204);
    stream.write_all(b"half a sen").unwrap();
    drop(stream);
    assert_eq!(daemon.wait_for("boat"), 4);
}
