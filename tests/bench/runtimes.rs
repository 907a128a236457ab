//! Low-level runtimes: the same bundles, by each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{World, run};

use crate::{Entry, compare, ours, version};

/// Measures the runtimes.
pub(crate) fn bench() {
    let runtime = ours(env!("CARGO_BIN_EXE_skiff-runtime"));
    let world = World::root(runtime);
    // crun refuses the hybrid layout; without the tree of version 2 all stand equal.
    let hybrid =
        "! mountpoint -q /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup/unified";
    let _ = world.run(&["sh", "-c", hybrid]).ok();
    let plain = bundle(&world, "plain", |_| {});
    let confined = bundle(&world, "confined", like_dockers);
    let waiting = bundle(&world, "waiting", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    let all = runtimes(&world, runtime);

    let mut entries = all
        .iter()
        .map(|one| one.entry(0.6, |root, id| format!("{root} run --bundle {plain} {id}")))
        .collect::<Vec<_>>();
    entries.push(Entry {
        name: "floor",
        version: "unshare, fork, four mounts, chroot, exec".into(),
        command: format!(
            "timeout 10 {} {plain}/rootfs /bin/true",
            floor(&world).display()
        ),
        promise: None,
    });
    compare(&world, "run of `true`, runc's default spec", 100, &entries);

    let entries: Vec<_> = all
        .iter()
        .map(|one| {
            one.entry(0.3, |root, id| {
                format!("{root} run --bundle {confined} {id}")
            })
        })
        .collect();
    compare(
        &world,
        "the same with docker's seccomp filter and limits",
        60,
        &entries,
    );

    let entries: Vec<_> = all
        .iter()
        .map(|one| {
            one.entry(0.7, |root, id| {
        format!("sh -c '{root} create --bundle {waiting} {id} && {root} start {id} && \
                 {root} delete --force {id}'")
    })
        })
        .collect();
    compare(
        &world,
        "create; start; delete --force, three commands",
        60,
        &entries,
    );

    for one in &all {
        let root = one.root();
        let line = format!(
            "{root} create --bundle {waiting} held >/dev/null 2>&1 </dev/null && {root} start held"
        );
        let _ = world.run(&["sh", "-c", &line]).ok();
    }
    let entries: Vec<_> = all
        .iter()
        .map(|one| one.entry(0.6, |root, _| format!("{root} exec held true")))
        .collect();
    compare(&world, "exec of `true`", 100, &entries);
    for one in &all {
        let line = format!("{} delete --force held", one.root());
        let _ = world.run(&["sh", "-c", &line]).ok();
    }

    largest(&world, &all, &plain);
}

/// One runtime of this machine.
struct Runtime {
    name: &'static str,
    version: String,
    program: String,
    states: String,
}

impl Runtime {
    /// How the program is called, with states of its own.
    fn root(&self) -> String {
        format!("{} --root {}", self.program, self.states)
    }

    /// What is measured: `command` is given how to call it, and a container's name.
    /// `promise` is what we promise of crun's time.
    fn entry(&self, promise: f64, command: impl Fn(&str, &str) -> String) -> Entry {
        // Nobody may hang: youki now and then misses its child's end.
        let called = format!(
            "timeout 10 {}",
            command(&self.root(), &format!("bench-{}", self.name))
        );
        Entry {
            name: self.name,
            version: self.version.clone(),
            command: called,
            promise: (self.name == "crun").then_some(promise),
        }
    }
}

/// Ours, and those that are installed.
fn runtimes(world: &World, ours: &'static str) -> Vec<Runtime> {
    let one = |name, version, program: &str| Runtime {
        name,
        version,
        program: program.to_owned(),
        states: world.home().join(name).display().to_string(),
    };
    let mut all = vec![one("skiff-runtime", env!("CARGO_PKG_VERSION").into(), ours)];
    for name in ["crun", "runc", "youki"] {
        if let Some(version) = version(world, &[name, "--version"]) {
            all.push(one(name, version, name));
        }
    }
    all
}

/// The resident memory of a runtime and its children at its largest, by GNU time.
#[expect(clippy::print_stdout, reason = "a program")]
fn largest(world: &World, all: &[Runtime], bundle: &str) {
    if version(world, &["time", "--version"]).is_none() {
        return;
    }
    println!("\nresident memory of `run`, the largest of its processes");
    for one in all {
        let line = format!("{} run --bundle {bundle} memory", one.root());
        let words = ["time", "-f", "%M", "sh", "-c", &line];
        let out = world.run(&words).expect(0);
        let kib = out.stderr.lines().last().unwrap_or_default().to_owned();
        println!("{:14} {kib:>9} KiB", one.name);
    }
}

/// Changes a specification into what docker would have written: its filter, and limits.
fn like_dockers(spec: &mut Value) {
    let text = include_str!("../fuzz/corpus/config_json/docker.json");
    let dockers: Value = serde_json::from_str(text).expect("JSON");
    spec["linux"]["seccomp"] = dockers["linux"]["seccomp"].clone();
    spec["linux"]["resources"]["memory"] = json!({ "limit": 512 << 20 });
    spec["linux"]["resources"]["pids"] = json!({ "limit": 100 });
    spec["linux"]["resources"]["cpu"] = json!({ "shares": 512 });
}

/// A bundle with busybox as its root and the default spec, without a terminal; changed.
fn bundle(world: &World, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let bundle = world.folder(name);
    let root = bundle.join("rootfs");
    for dir in ["bin", "dev", "proc", "sys"] {
        fs::create_dir_all(root.join(dir)).expect("a folder of the root");
    }
    let out = world.run(&["sh", "-c", "command -v busybox"]).ok();
    fs::copy(out.trim(), root.join("bin/busybox")).expect("busybox");
    for name in ["true", "sleep", "sh"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name))
            .expect("a link");
    }
    let path = bundle.to_str().expect("paths of tests are text").to_owned();
    let _ = world.skiff(&["spec", "--bundle", &path]).ok();
    let file = bundle.join("config.json");
    let text = fs::read_to_string(&file).expect("spec wrote config.json");
    let mut spec: Value = serde_json::from_str(&text).expect("JSON");
    // The version that the oldest peer knows.
    spec["ociVersion"] = json!("1.0.2");
    spec["process"]["terminal"] = json!(false);
    spec["process"]["args"] = json!(["true"]);
    change(&mut spec);
    fs::write(&file, spec.to_string()).expect("the bundle's configuration");
    path
}

fn floor(world: &World) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/floor.rs");
    let program = world.home().join("floor");
    let mut rustc = Command::new("rustc");
    rustc
        .args(["-O", "--edition", "2024", "-o"])
        .arg(&program)
        .arg(source);
    let _ = run(rustc).expect(0);
    program
}
