//! Low-level runtimes: `run` of `true` on one bundle, by each.

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
    let bundle = bundle(&world);
    let shown = bundle.display();
    let command = |program: &str, name: &str| {
        let root = world.home().join(name);
        // Nobody may hang: youki now and then misses its child's end.
        format!(
            "timeout 10 {program} --root {} run --bundle {shown} bench-{name}",
            root.display()
        )
    };
    let promised = |name: &str| (name == "crun").then_some(1.0);
    let mut entries = vec![Entry {
        name: "skiff-runtime",
        version: env!("CARGO_PKG_VERSION").into(),
        command: command(runtime, "skiff"),
        promise: None,
    }];
    for name in ["crun", "runc", "youki"] {
        if let Some(version) = version(&world, &[name, "--version"]) {
            let promise = promised(name);
            entries.push(Entry {
                name,
                version,
                command: command(name, name),
                promise,
            });
        }
    }
    entries.push(Entry {
        name: "floor",
        version: "unshare, fork, four mounts, chroot, exec".into(),
        command: format!(
            "timeout 10 {} {shown}/rootfs /bin/true",
            floor(&world).display()
        ),
        promise: None,
    });
    compare(&world, "run of `true`, runc's default spec", 100, &entries);
}

/// A bundle with busybox as its root and the default spec, without a terminal.
fn bundle(world: &World) -> PathBuf {
    let bundle = world.folder("bundle");
    let root = bundle.join("rootfs");
    for dir in ["bin", "dev", "proc", "sys"] {
        fs::create_dir_all(root.join(dir)).expect("a folder of the root");
    }
    let out = world.run(&["sh", "-c", "command -v busybox"]).ok();
    fs::copy(out.trim(), root.join("bin/busybox")).expect("busybox");
    std::os::unix::fs::symlink("busybox", root.join("bin/true")).expect("a link");
    let path = bundle.to_str().expect("paths of tests are text");
    let _ = world.skiff(&["spec", "--bundle", path]).ok();
    let file = bundle.join("config.json");
    let text = fs::read_to_string(&file).expect("spec wrote config.json");
    let mut spec: Value = serde_json::from_str(&text).expect("JSON");
    // The version that the oldest peer knows.
    spec["ociVersion"] = json!("1.0.2");
    spec["process"]["terminal"] = json!(false);
    spec["process"]["args"] = json!(["true"]);
    fs::write(&file, spec.to_string()).expect("the bundle's configuration");
    bundle
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
