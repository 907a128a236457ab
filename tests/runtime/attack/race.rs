//! P05: somebody who shares the root exchanges names in it while the container starts.
//!
//! A mount is on a folder, not on a name: when another mount namespace renames the
//! folder, the mount goes along (`/proc` is then found under the other name), and what is
//! mounted next by the old name is mounted elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::*;

/// Exchanges pairs of names in a folder until it is dropped.
struct Flipper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u32>>,
}

impl Flipper {
    fn start(root: PathBuf, pairs: &'static [(&str, &str)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let flip = move || {
            let mut flips = 0;
            while !seen.load(Ordering::Relaxed) {
                for (one, other) in pairs {
                    let (one, other) = (root.join(one), root.join(other));
                    let exchange = RenameFlags::RENAME_EXCHANGE;
                    renameat2(AT_FDCWD, &one, AT_FDCWD, &other, exchange).unwrap();
                    flips += 1;
                }
                std::thread::sleep(Duration::from_micros(300));
            }
            flips
        };
        let thread = Some(std::thread::spawn(flip));
        Self { stop, thread }
    }
}

impl Drop for Flipper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let flips = self.thread.take().unwrap().join().unwrap();
        assert!(flips > 0, "nothing was exchanged");
    }
}

/// Looks for a procfs under both names, and in it for what must be hidden and frozen.
/// Nothing is written to what can be opened for writing.
const PROBE: &str = r#"
for try in 1 2 3; do for proc in /proc /other; do
    [ -e $proc/self/stat ] || continue
    (: >> $proc/sysrq-trigger) 2>/dev/null && echo "open: $proc/sysrq-trigger"
    read first 2>/dev/null < $proc/interrupts && echo "seen: $proc/interrupts"
    (: >> $proc/sys/kernel/core_pattern) 2>/dev/null && echo "open: core_pattern"
done; done
echo probed"#;

/// A runtime that believes names: each mask is put where its path leads just then.
const NAIVE: &str = r#"
cd "$1" && mount --bind . . && cd "$1" && mount -t proc proc proc || exit
[ -e proc/interrupts ] && mount --bind /dev/null proc/interrupts
[ -e proc/sysrq-trigger ] && mount --bind proc/sysrq-trigger proc/sysrq-trigger &&
    mount -o remount,bind,ro proc/sysrq-trigger
[ -e proc/sys ] && mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
exec chroot . /bin/sh -c "$2""#;

fn shared_root(world: &World, change: impl FnOnce(&mut Value)) -> (String, PathBuf) {
    let bundle = bundle(world, "shared", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", PROBE]);
        spec["linux"]["cgroupsPath"] =
            json!(format!("/{}/shared", world.cgroup_parent()));
        change(spec);
    });
    let root = Path::new(&bundle).join("rootfs");
    for folder in ["other", "dev2", "sys2"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    (bundle, root)
}

const NAMES: &[(&str, &str)] = &[("proc", "other"), ("dev", "dev2"), ("sys", "sys2")];
const TIME: Duration = Duration::from_secs(3);

#[test]
fn names_that_are_exchanged_uncover_nothing() {
    let Some(world) = world() else { return };
    let pattern = || fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let (bundle, root) = shared_root(&world, |_| {});
    let before = (before(&world), pattern());
    let flipper = Flipper::start(root, NAMES);
    let (began, mut ran) = (Instant::now(), 0);
    while began.elapsed() < TIME {
        let out = world.skiff(&["run", "--bundle", &bundle, "shared"]);
        assert!(
            !out.stdout.contains("open:") && !out.stdout.contains("seen:"),
            "{out}"
        );
        ran += u32::from(out.stdout == "probed\n");
    }
    drop(flipper);
    assert!(ran > 0, "not one came so far");
    assert_eq!(pattern(), before.1);
    before.0.assert_same(&world);
}

/// The control: in the same race, who believes names is caught.
#[test]
fn who_believes_names_is_caught() {
    let Some(world) = world() else { return };
    let (_, root) = shared_root(&world, |_| {});
    let path = root.to_str().unwrap().to_owned();
    let flipper = Flipper::start(root, NAMES);
    let words = [
        "unshare",
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        NAIVE,
        "sh",
    ];
    let words = [&words[..], &[&path, PROBE]].concat();
    eventually("it is caught", TEN, || {
        let out = world.run(&words);
        (out.stdout.contains("open:") || out.stdout.contains("seen:")).then_some(())
    });
    drop(flipper);
}
