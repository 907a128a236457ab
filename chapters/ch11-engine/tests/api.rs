//! The Engine API as clients rely on it: names, refusals, lives.

mod harness;

use harness::{Daemon, LIMIT, unframe};
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
