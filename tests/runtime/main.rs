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
mod life;
mod resources;
mod seccomp;
mod systemd;
mod verbs;

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::{Job, Ledger, Need, Terminal, World, eventually, needs};

const TEN: Duration = Duration::from_secs(10);

/// The moments of hooks, by their names in `config.json`.
const MOMENTS: [&str; 6] = [
    "prestart",
    "createRuntime",
    "createContainer",
    "startContainer",
    "poststart",
    "poststop",
];

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
