//! The Engine API as clients rely on it: names, refusals, lives, streams.

mod harness;

use std::io::{Read, Write};
use std::net::Shutdown;

use harness::{Daemon, LIMIT, read_head, unframe};
use support::eventually;

#[test]
fn every_client_begins_with_a_ping() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    for method in ["HEAD", "GET"] {
        let pong = daemon.ask(method, "/_ping", "");
        assert_eq!(pong.status, 200);
        assert_eq!(pong.header("Api-Version"), Some("1.51"));
        assert_eq!(pong.header("OSType"), Some("linux"));
        assert_eq!(pong.header("Skiff-Self-Started"), None);
        assert!(pong.header("Skiff-Build").is_some());
        assert_eq!(pong.text(), if method == "GET" { "OK" } else { "" });
    }
    let version = daemon.ask("GET", "/v1.24/version", "").json();
    assert_eq!(version["ApiVersion"], "1.51");
    assert_eq!(version["MinAPIVersion"], "1.24");
    let info = daemon.ask("GET", "/info", "").json();
    assert_eq!(info["Containers"], 0);
    let stop = daemon.post("/skiff/stop").refused(409);
    assert!(stop.contains("started by hand"), "{stop}");
}

#[test]
fn what_is_not_spoken_is_refused_in_dockers_words() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let says = |method, path, status| daemon.ask(method, path, "").refused(status);
    assert!(
        says("GET", "/v1.99/info", 400).starts_with("client version 1.99 is too new")
    );
    assert!(
        says("GET", "/v1.10/info", 400).starts_with("client version 1.10 is too old")
    );
    for path in [
        "/",
        "/nothing",
        "/v1.51/../info",
        "/containers",
        "/containers/x/y/z",
    ] {
        assert_eq!(says("GET", path, 404), "page not found", "{path}");
    }
    assert_eq!(says("DELETE", "/info", 404), "page not found");
    assert_eq!(
        says("GET", "/containers/json?filters=zz", 400),
        "invalid filter 'zz'"
    );
    assert_eq!(
        says("GET", "/containers/nobody/json", 404),
        "No such container: nobody"
    );
    assert_eq!(
        says("GET", "/images/a/b/json", 404),
        "No such image: a/b:latest"
    );
    assert_eq!(says("GET", "/volumes/x", 404), "get x: no such volume");
    assert_eq!(says("GET", "/networks/x", 404), "network x not found");
    assert_eq!(says("GET", "/exec/x/json", 404), "No such exec instance: x");
    assert!(says("POST", "/networks/create", 501).contains("not supported"));
}

#[test]
fn bodies_are_read_as_docker_reads_them() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let says = |kind: &str, body: &str, status| {
        daemon
            .ask_as("POST", "/containers/create", kind, body)
            .refused(status)
    };
    let json = "application/json";
    assert!(says(json, "", 400).starts_with("invalid JSON: got EOF"));
    assert!(says(json, "{", 400).starts_with("invalid JSON: "));
    assert_eq!(says(json, "{} {}", 400), "unexpected content after JSON");
    assert!(says("text/plain", "{}", 400).contains("unsupported Content-Type header"));
    assert_eq!(says(json, r#"{"Image":null}"#, 400), "no image specified");
    let nothing = r#"{"Image":"nosuch","Cmd":["x"]}"#;
    assert_eq!(says(json, nothing, 404), "No such image: nosuch:latest");
    let huge = format!(r#"{{"Image":"{}"}}"#, "x".repeat(5 << 20));
    assert!(says(json, &huge, 400).contains("4 MiB"));
    let small = r#"{"Image":"toolbox","Cmd":["x"],"HostConfig":{"Memory":1000}}"#;
    assert_eq!(
        says(json, small, 400),
        "Minimum memory limit allowed is 6MB"
    );
    let device = r#"{"Image":"toolbox","HostConfig":{"Devices":[{"PathOnHost":"/x"}]}}"#;
    assert_eq!(
        says(json, device, 501),
        "HostConfig.Devices is not supported"
    );
    let none: Vec<serde_json::Value> =
        serde_json::from_value(daemon.ask("GET", "/containers/json?all=1", "").json())
            .unwrap();
    assert!(none.is_empty(), "nothing was made");
}

#[test]
fn a_container_lives_and_is_told_about() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let id = daemon.create("boat", "echo out; echo err >&2; exit 7", "");
    let again = r#"{"Image":"toolbox","Cmd":["x"]}"#;
    let taken = daemon
        .ask("POST", "/containers/create?name=boat", again)
        .refused(409);
    assert!(taken.contains(&format!(
        "\"/boat\" is already in use by container \"{id}\""
    )));
    let bad = daemon
        .ask("POST", "/containers/create?name=-b", again)
        .refused(400);
    assert!(bad.starts_with("Invalid container name (-b)"), "{bad}");
    assert_eq!(daemon.inspect("boat")["State"]["Status"], "created");
    assert_eq!(daemon.post("/containers/boat/start").status, 204);
    assert_eq!(daemon.wait_for("boat"), 7);
    let seen = daemon.inspect(&id[..8]);
    assert_eq!((&seen["Id"], &seen["Name"]), (&id.into(), &"/boat".into()));
    assert_eq!(seen["State"]["ExitCode"], 7);
    assert_eq!(seen["State"]["Pid"], 0);
    let logs = |query: &str| {
        let path = format!("/containers/boat/logs?{query}");
        unframe(&daemon.ask("GET", &path, "").body)
    };
    assert_eq!(logs("stdout=1"), "out\n");
    assert_eq!(logs("stderr=true"), "err\n");
    assert!(logs("stdout=1&timestamps=1").contains("Z out\n"));
    let line = &daemon.ask("GET", "/containers/json?all=1", "").json()[0];
    assert_eq!(line["Names"][0], "/boat");
    assert!(
        line["Status"].as_str().unwrap().starts_with("Exited (7)"),
        "{line}"
    );
    assert_eq!(
        daemon.ask("GET", "/containers/json", "").json(),
        serde_json::json!([])
    );
    assert_eq!(daemon.ask("DELETE", "/containers/boat", "").status, 204);
    daemon.ask("GET", "/containers/boat/json", "").refused(404);
    assert_eq!(
        std::fs::read_dir(daemon.path("d/containers"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        std::fs::read_dir(daemon.path("r/shims")).unwrap().count(),
        0
    );
}

#[test]
fn what_cannot_run_is_said_so_that_the_client_finds_its_status() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    for (name, program, words, code) in [
        ("missing", "nosuch", "executable file not found", 127),
        ("folder", "/etc", "permission denied", 126),
    ] {
        let body = format!(r#"{{"Image":"toolbox","Cmd":["{program}"]}}"#);
        let path = format!("/containers/create?name={name}");
        assert_eq!(daemon.ask("POST", &path, &body).status, 201);
        let error = daemon
            .post(&format!("/containers/{name}/start"))
            .refused(400);
        assert!(error.contains(words), "{error}");
        let state = daemon.inspect(name)["State"].clone();
        assert_eq!(
            (&state["Status"], &state["ExitCode"]),
            (&"created".into(), &code.into())
        );
    }
    assert!(daemon.family().is_empty());
    let gone = r#"{"Image":"toolbox","Cmd":["nosuch"],"HostConfig":{"AutoRemove":true}}"#;
    daemon.ask("POST", "/containers/create?name=gone", gone);
    daemon.post("/containers/gone/start").refused(400);
    daemon.ask("GET", "/containers/gone/json", "").refused(404);
}

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
fn a_stop_asks_and_then_insists() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.run("deaf", "trap '' TERM; while :; do sleep 1; done", "");
    daemon.run(
        "heeds",
        "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done",
        "",
    );
    eventually("it traps", LIMIT, || {
        (daemon.output("heeds") == "up\n").then_some(())
    });
    assert_eq!(daemon.post("/containers/heeds/stop?t=30").status, 204);
    assert_eq!(daemon.inspect("heeds")["State"]["ExitCode"], 3);
    assert_eq!(daemon.post("/containers/deaf/stop?t=0").status, 204);
    assert_eq!(daemon.inspect("deaf")["State"]["ExitCode"], 137);
    assert_eq!(daemon.post("/containers/deaf/stop").status, 304);
    let dead = daemon.post("/containers/deaf/kill").refused(409);
    assert!(dead.contains("is not running"), "{dead}");
    assert_eq!(daemon.post("/containers/deaf/start").status, 204);
    assert_eq!(daemon.post("/containers/deaf/start").status, 304);
    daemon
        .post("/containers/deaf/kill?signal=NONE")
        .refused(400);
    let runs = daemon.ask("DELETE", "/containers/deaf", "").refused(409);
    assert!(
        runs.contains("container is running: stop the container"),
        "{runs}"
    );
    assert_eq!(
        daemon.ask("DELETE", "/containers/deaf?force=1", "").status,
        204
    );
    daemon.ask("GET", "/containers/deaf/json", "").refused(404);
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
    let id = exec(r#"{"AttachStdout":true,"Cmd":["nosuch"]}"#);
    let error = daemon
        .ask("POST", &format!("/exec/{id}/start"), "{}")
        .refused(400);
    assert!(error.contains("executable file not found"), "{error}");
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
fn a_paused_container_stands_still() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    daemon.run("boat", "exec sleep 1000", "");
    let paused = daemon.post("/containers/boat/pause");
    if paused.status != 204 {
        // Without a cgroup there is nothing to freeze; it must be said, not ignored.
        assert!(paused.refused(500).contains("freez"), "{}", paused.text());
        return;
    }
    assert_eq!(daemon.inspect("boat")["State"]["Status"], "paused");
    daemon
        .ask("POST", "/containers/boat/exec", r#"{"Cmd":["x"]}"#)
        .refused(409);
    assert_eq!(daemon.post("/containers/boat/unpause").status, 204);
    daemon.post("/containers/boat/unpause").refused(409);
}

#[test]
fn files_of_the_host_and_of_a_volume_are_mounted() {
    let Some(daemon) = Daemon::start() else {
        return;
    };
    let binds = r#""Binds":["data:/data"]"#;
    daemon.run("writes", "echo kept > /data/file", binds);
    assert_eq!(daemon.wait_for("writes"), 0);
    daemon.run(
        "reads",
        "cat /data/file; echo x > /data/file",
        r#""Binds":["data:/data:ro"]"#,
    );
    assert_ne!(daemon.wait_for("reads"), 0);
    assert_eq!(daemon.output("reads"), "kept\n");
    let used = daemon.ask("DELETE", "/volumes/data", "").refused(409);
    assert!(used.contains("volume is in use"), "{used}");
    for name in ["writes", "reads"] {
        daemon.ask("DELETE", &format!("/containers/{name}"), "");
    }
    let volumes = daemon.ask("GET", "/volumes", "").json();
    assert_eq!(volumes["Volumes"][0]["Name"], "data");
    assert_eq!(daemon.ask("DELETE", "/volumes/data", "").status, 204);
    let missing = r#"{"Image":"toolbox","Cmd":["x"],"HostConfig":{"Mounts":[
        {"Type":"bind","Source":"/no/such","Target":"/x"}]}}"#;
    let refused = daemon
        .ask("POST", "/containers/create", missing)
        .refused(400);
    assert!(
        refused.contains("bind source path does not exist: /no/such"),
        "{refused}"
    );
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
