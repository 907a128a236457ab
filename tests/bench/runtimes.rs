//! Low-level runtimes: the same bundles, by each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{World, run};

use crate::sample::Order;
use crate::{Entry, compare, ours, version};

/// Measures the runtimes.
pub(crate) fn bench(order: Order) {
    let runtime = ours(env!("CARGO_BIN_EXE_skiff-runtime"));
    let world = World::root(runtime);
    // crun refuses the hybrid layout; without the tree of version 2 all stand equal.
    let hybrid =
        "! mountpoint -q /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup/unified";
    let _ = world.run(&["sh", "-c", hybrid]).ok();
    let all = Runtimes::of(&world, runtime, order);
    let (plain, confined) = (
        bundle(&world, "plain", |_| {}),
        bundle(&world, "docker", like_dockers),
    );
    let floor = Entry {
        name: "floor",
        version: "unshare, fork, four mounts, chroot, exec".into(),
        command: format!("{} {plain}/rootfs /bin/true", floor(&world).display()),
        promise: None,
    };
    all.compare(
        "run of `true`, runc's default spec",
        0.6,
        Some(floor),
        |root, id| format!("{root} run --bundle {plain} {id}"),
    );
    let title = "the same with docker's seccomp filter and limits";
    all.compare(title, 0.3, None, |root, id| {
        format!("{root} run --bundle {confined} {id}")
    });
    let waiting = bundle(&world, "waiting", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    let title = "create; start; delete --force, three commands";
    all.compare(title, 0.7, None, |root, id| {
        let (made, end) = (format!("create --bundle {waiting} {id}"), "delete --force");
        format!("sh -c '{root} {made} && {root} start {id} && {root} {end} {id}'")
    });
    all.each(|root| {
        let quiet = ">/dev/null 2>&1 </dev/null";
        format!("{root} create --bundle {waiting} held {quiet} && {root} start held")
    });
    all.compare("exec of `true`", 0.6, None, |root, _| {
        format!("{root} exec held true")
    });
    all.each(|root| format!("{root} delete --force held"));
    all.largest(&plain);
}

/// Ours first, and those that are installed.
struct Runtimes<'a> {
    world: &'a World,
    order: Order,
    list: Vec<Runtime>,
}

impl<'a> Runtimes<'a> {
    fn of(world: &'a World, ours: &'static str, order: Order) -> Self {
        let one = |name, version, program: &str| Runtime {
            name,
            version,
            root: format!("{program} --root {}", world.home().join(name).display()),
        };
        let mut list = vec![one("skiff-runtime", env!("CARGO_PKG_VERSION").into(), ours)];
        for name in ["crun", "runc", "youki"] {
            if let Some(version) = version(world, &[name, "--version"]) {
                list.push(one(name, version, name));
            }
        }
        Self { world, order, list }
    }

    /// Measures what `command` says for each, given how to call it and a container's
    /// name. `promise` is what we promise of crun's time.
    fn compare(
        &self,
        title: &str,
        promise: f64,
        more: Option<Entry>,
        command: impl Fn(&str, &str) -> String,
    ) {
        let entry = |one: &Runtime| Entry {
            name: one.name,
            version: one.version.clone(),
            command: {
                let command = command(&one.root, &format!("bench-{}", one.name));
                // It misses its child's end now and then. The others are measured without
                // a watcher, whose own start would be a third of what is measured.
                let watched = one.name == "youki";
                if watched {
                    format!("timeout 10 {command}")
                } else {
                    command
                }
            },
            promise: (one.name == "crun").then_some(promise),
        };
        let entries: Vec<_> = self.list.iter().map(entry).chain(more).collect();
        compare(self.world, title, (100, self.order), &entries);
    }

    /// Runs a line of the shell for each, given how to call it.
    fn each(&self, line: impl Fn(&str) -> String) {
        for one in &self.list {
            let _ = self.world.run(&["sh", "-c", &line(&one.root)]).ok();
        }
    }

    /// The resident memory of a runtime and its children at its largest, by GNU time.
    #[expect(clippy::print_stdout, reason = "a program")]
    fn largest(&self, bundle: &str) {
        if version(self.world, &["time", "--version"]).is_none() {
            return;
        }
        println!("\nresident memory of `run`, the largest of its processes");
        for one in &self.list {
            let line = format!("exec {} run --bundle {bundle} memory", one.root);
            let words = ["time", "-f", "%M", "sh", "-c", &line];
            let out = self.world.run(&words).expect(0);
            let kib = out.stderr.lines().last().unwrap_or_default().to_owned();
            println!("{:14} {kib:>9} KiB", one.name);
        }
    }
}

/// One runtime of this machine.
struct Runtime {
    name: &'static str,
    version: String,
    /// How it is called, with states of its own.
    root: String,
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
