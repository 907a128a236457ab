//! podman on a machine with systemd, as it is without a word from anybody.

use super::machine::Machine;
use super::*;
use support::Output;

/// podman with a runtime; the containers' root is a bundle's.
struct Podman<'a> {
    machine: &'a Machine,
    runtime: &'a str,
    root: String,
}

impl Podman<'_> {
    fn say(&self, words: &[&str]) -> Output {
        let flags = ["--runtime", self.runtime, "--storage-driver=vfs"];
        let all = ["podman", "--cgroup-manager=systemd"];
        self.machine.run(&[&all[..], &flags, words].concat())
    }

    fn run(&self, flags: &[&str], command: &[&str]) -> Output {
        let plain = ["run", "--network=none", "--cgroupns=host"];
        let root = ["--rootfs", self.root.as_str()];
        self.say(&[&plain[..], flags, &root, command].concat())
    }
}

#[test]
fn podman_has_systemd_make_the_group() {
    if !needs(&[Need::Tool("podman"), Need::Tool("runc")]) {
        return;
    }
    let Some(machine) = Machine::start() else {
        return;
    };
    let bundle = script(&machine.world, "true");
    let mut podman = Podman {
        machine: &machine,
        runtime: "runc",
        root: format!("{bundle}/rootfs"),
    };
    // The control: what this machine does not let runc do, it need not let us do.
    let out = podman.run(&["--rm"], &["true"]);
    if out.code != 0 {
        eprintln!("skipped: needs a podman that can use runc: {}", out.stderr);
        return;
    }
    podman.runtime = machine.world.skiff_path().to_str().unwrap();
    let groups = podman.run(&["--rm"], &["cat", "/proc/self/cgroup"]).ok();
    let tree = |line: &&str| line.contains(":name=systemd:") || line.starts_with("0::");
    let sorted: Vec<_> = groups.lines().filter(tree).collect();
    assert!(!sorted.is_empty(), "{groups}");
    for line in sorted {
        assert!(line.contains("/machine.slice/libpod-"), "{groups}");
    }
    let _ = podman.run(&["--rm"], &["sh", "-c", "exit 7"]).expect(7);
    let flags = ["--detach", "--name=web", "--memory=64m"];
    let _ = podman.run(&flags, &["sleep", "600"]).ok();
    assert!(machine.units("libpod").contains(".scope"));
    let _ = podman.say(&["exec", "web", "true"]).ok();
    let _ = podman.say(&["update", "--memory=128m", "web"]);
    let _ = podman.say(&["pause", "web"]).ok();
    let _ = podman.say(&["unpause", "web"]).ok();
    let _ = podman.say(&["stop", "--time=1", "web"]).ok();
    let _ = podman.say(&["rm", "web"]).ok();
    eventually("all its units have ended", TEN, || {
        machine.units("libpod").is_empty().then_some(())
    });
    // Of its own monitor's group podman leaves folders behind, with runc too.
    let folders = machine.folders("libpod");
    let ours: Vec<_> = folders
        .lines()
        .filter(|path| !path.contains("libpod-conmon-"))
        .collect();
    assert_eq!(ours, [""; 0]);
}
