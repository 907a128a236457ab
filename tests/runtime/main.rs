//! `skiff-runtime` as its callers use it: runc's commands on an OCI bundle.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

mod attack;
mod bad_input;
mod callers;
mod fields;
mod flags;
mod hooks;
mod idmap;
mod init;
mod interfaces;
mod resources;
mod seccomp;
mod verbs;

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::{Job, Ledger, Need, Terminal, World, eventually, needs};

const TEN: Duration = Duration::from_secs(10);

/// A world whose program is `skiff-runtime`, if the machine can have one.
fn world() -> Option<World> {
    let runtime = env!("CARGO_BIN_EXE_skiff-runtime");
    needs(&[Need::Root, Need::Tool("busybox")]).then(|| World::root(runtime))
}

/// A bundle with busybox as its root, its default spec changed by `change`.
fn bundle(world: &World, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let dir = world.folder(name);
    let root = dir.join("rootfs");
    for folder in ["bin", "data", "dev", "proc", "sys", "tmp"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let busybox = world.run(&["sh", "-c", "command -v busybox"]).ok();
    fs::copy(busybox.trim(), root.join("bin/busybox")).unwrap();
    for applet in [
        "sh", "true", "sleep", "cat", "id", "echo", "stty", "mount", "hostname",
        "ionice", "cut", "grep", "ls", "readlink", "mkdir", "chmod", "stat", "ip", "wc",
    ] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let path = dir.to_str().unwrap().to_owned();
    let _ = world.skiff(&["spec", "--bundle", &path]).ok();
    let file = dir.join("config.json");
    let mut spec: Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    spec["process"]["terminal"] = json!(false);
    // Cgroups are the machine's: other worlds have containers of this name too.
    spec["linux"]["cgroupsPath"] = json!(format!("/{}/{name}", world.cgroup_parent()));
    change(&mut spec);
    fs::write(&file, spec.to_string()).unwrap();
    path
}

/// A bundle that runs `script`.
fn script(world: &World, script: &str) -> String {
    bundle(world, "bundle", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", script])
    })
}

/// `create`, whose container keeps its output: here a file, not the test's pipe.
#[track_caller]
fn create(world: &World, bundle: &str, id: &str) {
    create_with(world, &["--bundle", bundle, id]);
}

#[track_caller]
fn create_with(world: &World, words: &[&str]) {
    let line = r#"exec "$0" create "$@" >"$HOME/out" 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let out = world.run(&[&["sh", "-c", line, program], words].concat());
    let said = fs::read_to_string(world.home().join("out")).unwrap();
    assert!(out.code == 0, "{out}{said}");
}

/// What there is before the first container: the state root comes with it and stays.
fn before(world: &World) -> Ledger {
    let _ = world.run(&["mkdir", "-p", "/run/skiff/runtime"]).ok();
    Ledger::of(world)
}

fn state(world: &World, id: &str) -> Value {
    serde_json::from_str(&world.skiff(&["state", id]).ok()).unwrap()
}

#[track_caller]
fn becomes(world: &World, id: &str, status: &str) {
    eventually(status, TEN, || {
        (state(world, id)["status"] == status).then_some(())
    });
}

#[test]
fn run_passes_output_and_exit_code_and_leaves_nothing() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "echo out; echo err >&2; exit 7");
    // The state root itself comes with the first container.
    let _ = world
        .skiff(&["run", "--bundle", &bundle, "first"])
        .expect(7);
    let before = Ledger::of(&world);
    let out = world
        .skiff(&["run", "--bundle", &bundle, "second"])
        .expect(7);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(world.skiff(&["list", "-q"]).ok(), "");
    before.assert_same(&world);
}

#[test]
fn create_start_state_kill_delete() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = script(
        &world,
        "echo begun; trap 'exit 3' TERM; while :; do sleep 0.1; done",
    );
    create(&world, &bundle, "c1");
    let made = state(&world, "c1");
    assert_eq!(made["status"], "created");
    assert_eq!(made["bundle"], bundle.as_str());
    assert!(made["pid"].as_u64().is_some_and(|pid| pid > 1), "{made}");
    assert!(
        made["ociVersion"]
            .as_str()
            .is_some_and(|v| v.starts_with("1.")),
        "{made}"
    );
    let begun = || fs::read_to_string(world.home().join("out")).unwrap() == "begun\n";
    assert!(!begun(), "a created container's program waits for start");

    let _ = world.skiff(&["start", "c1"]).ok();
    becomes(&world, "c1", "running");
    eventually("the program runs", TEN, || begun().then_some(()));
    world.skiff(&["start", "c1"]).refused(1, "start");
    world.skiff(&["delete", "c1"]).refused(1, "not stopped");
    assert_eq!(world.skiff(&["list", "--quiet"]).ok(), "c1\n");
    let list: Value =
        serde_json::from_str(&world.skiff(&["list", "-f", "json"]).ok()).unwrap();
    assert_eq!(list[0]["id"], "c1");

    let _ = world.skiff(&["kill", "c1", "TERM"]).ok();
    becomes(&world, "c1", "stopped");
    world
        .skiff(&["kill", "c1", "KILL"])
        .refused(1, "not running");
    let _ = world.skiff(&["delete", "c1"]).ok();
    world.skiff(&["state", "c1"]).refused(1, "does not exist");
    before.assert_same(&world);
}

#[test]
fn delete_by_force_ends_what_runs() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = script(&world, "sleep 600 & sleep 600");
    create(&world, &bundle, "c2");
    let _ = world.skiff(&["start", "c2"]).ok();
    let _ = world.skiff(&["delete", "--force", "c2"]).ok();
    // With runc, too, what is not there is no error by force.
    let _ = world.skiff(&["delete", "--force", "c2"]).ok();
    before.assert_same(&world);
}

#[test]
fn a_container_is_alone_in_its_namespaces() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["hostname"] = json!("inner");
        let probe = "hostname; echo $$; cat /proc/net/dev; mount";
        spec["process"]["args"] = json!(["sh", "-c", probe]);
    });
    let text = world.skiff(&["run", "-b", &bundle, "alone"]).ok();
    assert!(text.starts_with("inner\n1\n"), "{text}");
    assert!(!text.contains("eth"), "{text}");
    assert!(text.contains("proc on /proc"), "{text}");
    assert!(
        !text.contains(" /var/lib"),
        "the host's mounts are gone: {text}"
    );
    assert_ne!(world.run(&["hostname"]).ok(), "inner\n");
}

#[test]
fn signals_reach_the_program_of_run() {
    let Some(world) = world() else { return };
    let bundle = script(
        &world,
        "trap 'echo got; exit 5' INT; echo on; while :; do sleep 0.1; done",
    );
    let job = world.start(&["run", "--bundle", &bundle, "sig"]);
    job.wait_for("on");
    job.signal(Signal::SIGINT);
    assert_eq!(job.wait().expect(5).stdout, "on\ngot\n");
}

#[test]
fn a_terminal_is_a_terminal() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["process"]["terminal"] = json!(true);
        spec["process"]["args"] =
            json!(["sh", "-c", "test -t 0 && echo yes; read x; echo \"<$x>\""]);
    });
    let mut terminal: Terminal = world.on_terminal(&["run", "--bundle", &bundle, "tty"]);
    terminal.wait_for("yes");
    terminal.say("hello\n");
    let (code, screen) = terminal.wait();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("<hello>"), "{screen}");
}

#[test]
fn pid_file_and_standard_input() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["process"]["args"] = json!(["cat"])
    });
    let file = world.home().join("pid");
    let words = [
        "run",
        "--bundle",
        &bundle,
        "--pid-file",
        file.to_str().unwrap(),
        "in",
    ];
    let job = Job::start(world.skiff_command(&words), Some(b"through"));
    assert_eq!(job.wait().ok(), "through");
    assert!(
        fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse::<u32>()
            .is_ok()
    );
}

/// Every refusal: what is changed in the spec, and what must be said.
#[test]
fn bad_bundles_are_refused_and_leave_nothing() {
    let Some(world) = world() else { return };
    let before = before(&world);
    type Change = fn(&mut Value);
    let rows: [(&str, Change, &str); 7] = [
        (
            "missing",
            |s| s["process"]["args"] = json!(["nowhere"]),
            "executable file not found",
        ),
        (
            "absolute",
            |s| s["process"]["args"] = json!(["/no/where"]),
            "no such file or directory",
        ),
        (
            "folder",
            |s| s["process"]["args"] = json!(["/bin"]),
            "permission denied",
        ),
        ("empty", |s| s["process"]["args"] = json!([]), "args"),
        (
            "no-root",
            |s| s["root"]["path"] = json!("not-there"),
            "not-there",
        ),
        (
            "mount",
            |s| s["mounts"] = json!([{ "destination": "/a", "type": "nosuchfs" }]),
            "nosuchfs",
        ),
        ("cwd", |s| s["process"]["cwd"] = json!("relative"), "cwd"),
    ];
    for (name, change, said) in rows {
        let bundle = bundle(&world, name, change);
        let out = world.skiff(&["run", "--bundle", &bundle, name]);
        assert_ne!(out.code, 0, "{name}: {out}");
        assert!(
            out.stderr.to_lowercase().contains(said),
            "{name} ({said}): {out}"
        );
        world.skiff(&["state", name]).refused(1, "does not exist");
        before.assert_same(&world);
    }
}

#[test]
fn names_and_bundles_that_are_not() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "sleep 600");
    let before = before(&world);
    for id in ["../up", "a/b", "", "."] {
        let out = world.skiff(&["create", "--bundle", &bundle, id]);
        assert_ne!(out.code, 0, "{id:?}: {out}");
    }
    let empty = world.folder("empty");
    let out = world.skiff(&["run", "--bundle", empty.to_str().unwrap(), "x"]);
    assert!(out.code != 0 && out.stderr.contains("config.json"), "{out}");
    world
        .skiff(&["kill", "nobody", "TERM"])
        .refused(1, "does not exist");
    world
        .skiff(&["start", "nobody"])
        .refused(1, "does not exist");
    before.assert_same(&world);
    create(&world, &bundle, "twice");
    world
        .skiff(&["create", "--bundle", &bundle, "twice"])
        .refused(1, "exist");
    world
        .skiff(&["kill", "twice", "NOSUCH"])
        .refused(1, "signal");
    let _ = world.skiff(&["delete", "-f", "twice"]).ok();
    before.assert_same(&world);
}

/// Each hook is told of the process as it sees it, and where the container is in its life.
#[test]
fn hooks_are_told_the_state() {
    let Some(world) = world() else { return };
    let moments = [
        "prestart",
        "createRuntime",
        "createContainer",
        "startContainer",
        "poststart",
        "poststop",
    ];
    let bundle = bundle(&world, "hooked", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        for moment in moments {
            // The start hook's program is looked for in the container, the others' outside.
            let told = match moment {
                "startContainer" => format!("/tmp/{moment}"),
                _ => world.home().join(moment).display().to_string(),
            };
            let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", format!("cat > {told}")] }]);
            spec["hooks"][moment] = hook;
        }
        spec["root"]["readonly"] = json!(false);
    });
    create(&world, &bundle, "hooked");
    let pid = state(&world, "hooked")["pid"].clone();
    let _ = world.skiff(&["start", "hooked"]).ok();
    let _ = world.skiff(&["delete", "--force", "hooked"]).ok();
    let told = |moment: &str| -> Value {
        let outside = world.home().join(moment);
        let inside = std::path::Path::new(&bundle)
            .join("rootfs/tmp")
            .join(moment);
        let path = if outside.exists() { outside } else { inside };
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let rows = [
        ("prestart", pid.clone(), "creating"),
        ("createRuntime", pid.clone(), "creating"),
        ("createContainer", json!(1), "creating"),
        ("startContainer", json!(1), "created"),
        ("poststart", pid, "running"),
        ("poststop", json!(0), "stopped"),
    ];
    for (moment, pid, status) in rows {
        let told = told(moment);
        assert_eq!(
            (&told["pid"], &told["status"]),
            (&pid, &json!(status)),
            "{moment}"
        );
        assert_eq!(told["id"], json!("hooked"), "{moment}");
    }
}
