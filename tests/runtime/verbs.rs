//! The verbs beside a container's life: more processes, limits, a pause, and what is told.

use std::path::{Path, PathBuf};

use support::Output;

use super::*;

/// A container that runs `line`; answers with its root filesystem.
fn start(world: &World, line: &str, id: &str) -> PathBuf {
    let bundle = bundle(world, id, |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        spec["root"]["readonly"] = json!(false);
    });
    create(world, &bundle, id);
    let _ = world.skiff(&["start", id]).ok();
    Path::new(&bundle).join("rootfs")
}

fn number(out: Output) -> i64 {
    out.ok().trim().parse().unwrap()
}

#[test]
fn exec_is_the_containers_process_with_other_words() {
    let Some(world) = world() else { return };
    start(&world, "exec sleep 600", "web");
    let before = before(&world);
    let words = [
        "exec",
        "--cwd",
        "/tmp",
        "-e",
        "GREETING=hi",
        "--user",
        "5:6",
        "web",
    ];
    let words = [
        &words[..],
        &["sh", "-c", "pwd; echo $GREETING $(id -u):$(id -g); exit 7"],
    ]
    .concat();
    let out = world.skiff(&words);
    assert_eq!((out.code, &*out.stdout), (7, "/tmp\nhi 5:6\n"), "{out}");
    // It is in the container: its first process is number 1, its root the bundle's.
    let inside = world.skiff(&["exec", "web", "cat", "/proc/1/cmdline"]).ok();
    assert_eq!(inside, "sleep\x00600\0");
    let out = world.skiff(&["exec", "web", "nowhere"]);
    assert_eq!(out.code, 255, "{out}");
    assert!(out.stderr.contains("executable file not found"), "{out}");
    world
        .skiff(&["exec", "web"])
        .refused(255, "exec args cannot be empty");
    before.assert_same(&world);
}

#[test]
fn exec_with_a_file_in_the_background() {
    let Some(world) = world() else { return };
    let root = start(&world, "exec sleep 600", "web");
    let file = world.home().join("process.json");
    let process = json!({
        "terminal": false, "cwd": "/tmp", "user": { "uid": 0, "gid": 0 },
        "args": ["sh", "-c", "echo $$ > own; exec sleep 600"],
        "env": ["PATH=/bin"],
    });
    fs::write(&file, process.to_string()).unwrap();
    let pid_file = world.home().join("pid");
    let files = [file.to_str().unwrap(), pid_file.to_str().unwrap()];
    let line =
        r#"exec "$0" exec --detach --process "$1" --pid-file "$2" web >/dev/null 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let _ = world
        .run(&["sh", "-c", line, program, files[0], files[1]])
        .ok();
    let own = root.join("tmp/own");
    eventually("the process has run", TEN, || own.exists().then_some(()));
    let pid: i32 = fs::read_to_string(pid_file)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let pids: Vec<i32> =
        serde_json::from_str(&world.skiff(&["ps", "-f", "json", "web"]).ok()).unwrap();
    assert!(pids.contains(&pid) && pids.len() == 2, "{pid} in {pids:?}");
    let table = world.skiff(&["ps", "web", "-e", "-o", "pid,comm"]).ok();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[0].contains("PID") && lines[1].ends_with("sleep"),
        "{table}"
    );
}

#[test]
fn a_paused_container_stands_still() {
    let Some(world) = world() else { return };
    let count = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; done";
    let file = start(&world, count, "busy").join("tmp/count");
    let read = || fs::read_to_string(&file).unwrap_or_default();
    eventually("it counts", TEN, || (!read().is_empty()).then_some(()));
    let _ = world.skiff(&["pause", "busy"]).ok();
    becomes(&world, "busy", "paused");
    let (first, second) = (read(), {
        std::thread::sleep(Duration::from_millis(100));
        read()
    });
    assert_eq!(first, second);
    world.skiff(&["pause", "busy"]).refused(1, "not running");
    world
        .skiff(&["exec", "busy", "true"])
        .refused(255, "cannot exec in a paused container");
    let _ = world.skiff(&["resume", "busy"]).ok();
    becomes(&world, "busy", "running");
    eventually("it counts on", TEN, || {
        (read() != first && !read().is_empty()).then_some(())
    });
    world.skiff(&["resume", "busy"]).refused(1, "not paused");
    // One that is paused can be deleted all the same.
    let _ = world.skiff(&["pause", "busy"]).ok();
    let _ = world.skiff(&["delete", "--force", "busy"]).ok();
    world.skiff(&["state", "busy"]).refused(1, "does not exist");
}

#[test]
fn limits_are_changed_and_told() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    start(&world, "exec sleep 600", "web");
    let stats = || -> Value {
        serde_json::from_str(&world.skiff(&["events", "--stats", "web"]).ok()).unwrap()
    };
    let limits = ["update", "--memory", "64m", "--pids-limit", "20", "web"];
    let _ = world.skiff(&limits).ok();
    let told = stats();
    assert_eq!(told["data"]["memory"]["usage"]["limit"], json!(64 << 20));
    assert_eq!(told["data"]["pids"], json!({ "current": 1, "limit": 20 }));
    let file = world.home().join("limits.json");
    fs::write(&file, r#"{ "pids": { "limit": 30 } }"#).unwrap();
    let _ = world
        .skiff(&["update", "-r", file.to_str().unwrap(), "web"])
        .ok();
    assert_eq!(stats()["data"]["pids"]["limit"], json!(30));
    // What was not mentioned stays.
    assert_eq!(stats()["data"]["memory"]["usage"]["limit"], json!(64 << 20));
    world
        .skiff(&["update", "--memory", "much", "web"])
        .refused(1, "\"much\" is not a number of bytes");
}

#[test]
fn events_are_told_until_the_end() {
    let Some(world) = world() else { return };
    start(&world, "exec sleep 600", "web");
    let words = ["events", "--interval", "100ms", "web"];
    let job = Job::start(world.skiff_command(&words), Some(b""));
    std::thread::sleep(Duration::from_millis(500));
    let _ = world.skiff(&["kill", "web", "KILL"]).ok();
    let told = job.wait().ok();
    assert!(told.lines().count() >= 2, "{told}");
    for line in told.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&event["type"], &event["id"]),
            (&json!("stats"), &json!("web"))
        );
    }
    world
        .skiff(&["events", "--stats", "web"])
        .refused(1, "is not running");
}

#[test]
fn what_it_is_and_what_it_can() {
    let Some(world) = world() else { return };
    let version = world.skiff(&["-v"]).ok();
    let lines: Vec<_> = version
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(lines, ["skiff-runtime", "commit:", "spec:"]);
    let features: Value = serde_json::from_str(&world.skiff(&["features"]).ok()).unwrap();
    let newest = features["ociVersionMax"].as_str().unwrap();
    assert!(version.ends_with(&format!("spec: {newest}\n")), "{version}");
    for option in ["ro", "rro", "rbind", "rslave", "tmpcopyup"] {
        let options = features["mountOptions"].as_array().unwrap();
        assert!(options.contains(&json!(option)), "{option}");
    }
    let linux = &features["linux"];
    for field in ["mountExtensions/idmap", "netDevices", "seccomp", "apparmor"] {
        let there = linux.pointer(&format!("/{field}/enabled"));
        assert_eq!(there, Some(&json!(true)), "{field}");
    }
    assert_eq!(linux["intelRdt"]["enabled"], false);
    assert_eq!(linux["cgroup"]["systemd"], true);
    assert_eq!(features["hooks"].as_array().unwrap().len(), 6);
}

#[test]
fn run_in_the_background_and_kept() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "exit 3");
    let line = r#"exec "$0" run --detach --bundle "$1" back >/dev/null 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let _ = world.run(&["sh", "-c", line, program, &bundle]).ok();
    becomes(&world, "back", "stopped");
    let _ = world.skiff(&["delete", "back"]).ok();
    let out = world.skiff(&["run", "--keep", "--bundle", &bundle, "kept"]);
    assert_eq!(out.code, 3, "{out}");
    becomes(&world, "kept", "stopped");
    let _ = world.skiff(&["delete", "kept"]).ok();
    assert_eq!(
        number(world.run(&["sh", "-c", "ls /run/skiff/runtime | wc -l"])),
        0
    );
}
