//! What a hostile image tries: links and files where the runtime is about to mount.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::*;

/// A folder of the host's that no attack may change: its content, told.
struct Canary(PathBuf);

impl Canary {
    fn new(world: &World) -> Self {
        let folder = world.folder("canary");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("file"), "host\n").unwrap();
        Self(folder)
    }

    fn told(&self, world: &World) -> String {
        let line = "find . -printf '%p %y %m %U %s\\n' | sort; cat file; \
                    cat /proc/sys/kernel/core_pattern";
        let line = format!("cd {} && {line}", self.0.display());
        world.run(&["sh", "-c", &line]).ok()
    }
}

/// What is looked at from inside: all that must be hidden or frozen, wherever it is. The
/// machine's own files are only opened, as for writing: where that is not refused, nothing
/// has been written to them.
const PROBE: &str = r#"
(: >> /proc/sysrq-trigger) 2>/dev/null && echo may write sysrq-trigger
(: >> /proc/sys/kernel/core_pattern) 2>/dev/null && echo may write core_pattern
busybox wc -c < /proc/interrupts
busybox ls /sys/firmware 2>/dev/null | busybox wc -l
echo probed
"#;

struct Row {
    name: &'static str,
    /// Makes the image hostile; the second path is the canary.
    image: fn(&Path, &Path),
    spec: fn(&mut Value),
    /// What must be said if it is refused; empty if it must run.
    refused: &'static str,
}

fn keep(_: &mut Value) {}

fn instead(root: &Path, name: &str, target: impl AsRef<Path>) {
    let path = root.join(name);
    let _ = fs::remove_dir(&path);
    symlink(target, path).unwrap();
}

fn without_dev(spec: &mut Value) {
    let mounts = spec["mounts"].as_array_mut().unwrap();
    mounts.retain(|m| !m["destination"].as_str().unwrap().starts_with("/dev"));
    spec["root"]["readonly"] = json!(false);
}

fn with_terminal(spec: &mut Value) {
    without_dev(spec);
    spec["process"]["terminal"] = json!(true);
}

fn mount(spec: &mut Value, destination: &str, kind: &str) {
    let mounts = spec["mounts"].as_array_mut().unwrap();
    mounts.push(json!({ "destination": destination, "type": kind, "source": kind }));
}

const ROWS: &[Row] = &[
    Row {
        name: "dev is a link to the host",
        image: |root, canary| instead(root, "dev", canary),
        spec: keep,
        refused: "",
    },
    Row {
        name: "dev is a link that climbs",
        image: |root, canary| {
            instead(
                root,
                "dev",
                Path::new("../../../../../..").join(&canary.to_str().unwrap()[1..]),
            );
        },
        spec: keep,
        refused: "",
    },
    Row {
        name: "dev is a link into the image",
        image: |root, _| {
            fs::create_dir(root.join("other")).unwrap();
            instead(root, "dev", "/other");
        },
        spec: keep,
        refused: "",
    },
    Row {
        name: "proc is a link to the host",
        image: |root, canary| instead(root, "proc", canary),
        spec: keep,
        refused: "must be an ordinary directory",
    },
    Row {
        name: "proc is a link into the image",
        image: |root, _| {
            fs::create_dir(root.join("other")).unwrap();
            instead(root, "proc", "other");
        },
        spec: keep,
        refused: "must be an ordinary directory",
    },
    Row {
        name: "sys is a link",
        image: |root, _| instead(root, "sys", "/proc"),
        spec: keep,
        refused: "must be an ordinary directory",
    },
    Row {
        name: "proc is a file",
        image: |root, _| {
            fs::remove_dir(root.join("proc")).unwrap();
            fs::write(root.join("proc"), "").unwrap();
        },
        spec: keep,
        refused: "must be an ordinary directory",
    },
    Row {
        name: "null is what a mask must not be",
        image: |root, _| instead(root, "dev/null", "/proc/sysrq-trigger"),
        spec: without_dev,
        refused: "make the device /dev/null",
    },
    Row {
        name: "null is a file with something in it",
        image: |root, _| fs::write(root.join("dev/null"), "secret").unwrap(),
        spec: without_dev,
        refused: "is not the device 1:3",
    },
    Row {
        name: "the terminals' folder is a link to the host's",
        image: |root, _| instead(root, "dev/pts", "/proc/1/root/dev/pts"),
        spec: with_terminal,
        refused: "/dev/pts/ptmx",
    },
    Row {
        name: "the maker of terminals is a file",
        image: |root, _| {
            fs::create_dir(root.join("dev/pts")).unwrap();
            fs::write(root.join("dev/pts/ptmx"), "").unwrap();
        },
        spec: with_terminal,
        refused: "/dev/pts/ptmx is not what makes terminals",
    },
    Row {
        name: "a volume crosses a link to proc",
        image: |root, _| symlink("/proc", root.join("way")).unwrap(),
        spec: |spec| mount(spec, "/way/sys/kernel", "tmpfs"),
        refused: "lies inside procfs",
    },
    Row {
        name: "a second procfs by a link",
        image: |root, _| symlink("/tmp", root.join("way")).unwrap(),
        spec: |spec| mount(spec, "/way/proc", "proc"),
        refused: "must be an ordinary directory",
    },
    Row {
        name: "a target that climbs",
        image: |_, _| {},
        spec: |spec| {
            mount(spec, "/../../../../tmp/up", "tmpfs");
            spec["root"]["readonly"] = json!(false);
        },
        refused: "",
    },
    Row {
        name: "a working folder by a link of procfs",
        image: |root, _| symlink("/proc", root.join("way")).unwrap(),
        spec: |spec| spec["process"]["cwd"] = json!("/way/self/fd"),
        refused: "",
    },
    Row {
        name: "passwd never ends",
        image: |root, _| {
            fs::create_dir_all(root.join("etc")).unwrap();
            symlink("/dev/zero", root.join("etc/passwd")).unwrap();
        },
        spec: keep,
        refused: "",
    },
    Row {
        name: "the hosts file is a link to the host",
        image: |root, canary| {
            fs::create_dir_all(root.join("etc")).unwrap();
            symlink(canary.join("new"), root.join("etc/hosts")).unwrap();
        },
        spec: |spec| {
            let mounts = spec["mounts"].as_array_mut().unwrap();
            mounts.push(json!({
                "destination": "/etc/hosts", "type": "bind",
                "source": "/etc/hostname", "options": ["bind"],
            }));
        },
        refused: "",
    },
];

#[test]
fn hostile_images_reach_nothing_of_the_host() {
    let Some(world) = world() else { return };
    let canary = Canary::new(&world);
    let before = (before(&world), canary.told(&world));
    for (number, row) in ROWS.iter().enumerate() {
        let bundle = bundle(&world, &format!("image{number}"), |spec| {
            spec["process"]["args"] = json!(["sh", "-c", PROBE]);
            (row.spec)(spec);
        });
        (row.image)(&Path::new(&bundle).join("rootfs"), &canary.0);
        let out = world.skiff(&["run", "--bundle", &bundle, "hostile"]);
        assert!(!out.stdout.contains("may write"), "{}: {out}", row.name);
        if row.refused.is_empty() {
            assert_eq!(out.stdout, "0\n0\nprobed\n", "{}: {out}", row.name);
        } else {
            assert!(out.stdout.is_empty(), "{}: {out}", row.name);
            assert!(out.stderr.contains(row.refused), "{}: {out}", row.name);
        }
        assert_eq!(canary.told(&world), before.1, "{}", row.name);
    }
    before.0.assert_same(&world);
}
