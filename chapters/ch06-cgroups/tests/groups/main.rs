//! Groups with programs in them: frozen, killed, removed, kept from devices.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers of tests meet is a failure"
)]

mod devices;
mod found;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cgroups::{Cgroup, Limits};
use nix::unistd::Pid;
use support::{Need, needs};

/// A group of a test's own; dropped, it is gone, and asserted to be.
struct Group {
    cgroup: Cgroup,
    parent: String,
}

impl Group {
    fn new(name: &str, limits: &Limits) -> Self {
        let parent = format!("/skiff-test-{}-{name}", std::process::id());
        let cgroup = Cgroup::create(&format!("{parent}/group"), limits).unwrap();
        assert_eq!(cgroup.missing(), [] as [&str; 0]);
        Self { cgroup, parent }
    }

    /// Starts a shell in the group; it is in there before it does anything else.
    fn start(&self, script: &str) -> Child {
        let mut doors = String::new();
        for (_, folder) in self.cgroup.folders() {
            doors += &format!("echo $$ > {}/cgroup.procs && ", folder.display());
        }
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{doors} echo in && {{ {script}; }}")]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = [0; 3];
        let out = child.stdout.as_mut().unwrap();
        std::io::Read::read_exact(out, &mut line).unwrap();
        child
    }

    fn folders(&self) -> Vec<PathBuf> {
        self.cgroup
            .folders()
            .map(|(_, path)| path.to_owned())
            .collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let folders = self.folders();
        self.cgroup.delete().unwrap();
        cgroups::remove_parent_if_empty(&self.parent).unwrap();
        for folder in folders {
            let parent = folder.parent().unwrap();
            assert!(!parent.exists(), "{} is left", parent.display());
        }
    }
}

/// The processor time of a process so far, in ticks (proc_pid_stat(5)).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split(' ').collect();
    fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap()
}

#[test]
fn a_frozen_group_stands_still_goes_on_and_dies_even_frozen() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("freeze", &Limits::default());
    let mut child = group.start("while :; do :; done");
    group.cgroup.freeze(true).unwrap();
    assert!(group.cgroup.is_frozen());
    let before = ticks(child.id());
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(ticks(child.id()), before, "it ran while it was frozen");
    group.cgroup.freeze(false).unwrap();
    assert!(!group.cgroup.is_frozen());
    support::eventually("it runs again", Duration::from_secs(10), || {
        (ticks(child.id()) > before).then_some(())
    });
    group.cgroup.freeze(true).unwrap();
    group.cgroup.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}

#[test]
fn what_forks_below_and_in_groups_of_its_own_is_ended_and_removed() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("nested", &Limits::default());
    let folders = group.folders();
    let mut script = String::new();
    for folder in &folders {
        let inner = folder.join("inner/deep");
        script += &format!("mkdir -p {} && ", inner.display());
    }
    let memory = folders
        .iter()
        .find(|f| f.ends_with("memory/skiff") || f.starts_with("/sys/fs/cgroup/memory"));
    let inner = memory.unwrap().join("inner/deep/cgroup.procs");
    script += &format!("echo $$ > {} && ", inner.display());
    // A family that keeps forking, and has left its session and its parent.
    script += "for n in 1 2 3; do setsid sh -c 'while :; do sleep 0.01; done' & done; echo up; wait";
    let mut child = group.start(&script);
    let mut line = [0; 3];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
    assert!(group.cgroup.pids().len() >= 4);
    let reaper = std::thread::spawn(move || child.wait());
    let start = Instant::now();
    group.cgroup.delete().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(group.cgroup.pids(), []);
    for folder in folders {
        assert!(!folder.exists(), "{} is left", folder.display());
    }
    assert!(!reaper.join().unwrap().unwrap().success());
    // Once more: what is gone is no error.
    group.cgroup.delete().unwrap();
}

#[test]
fn a_running_process_is_moved_and_its_limits_change() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let limits = Limits {
        memory: Some(32 << 20),
        memory_swap: Some(32 << 20),
        ..Limits::default()
    };
    let group = Group::new("move", &limits);
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    group.cgroup.add(pid).unwrap();
    assert_eq!(group.cgroup.pids(), [pid]);
    let stats = group.cgroup.stats();
    assert_eq!(stats.pids, 1);
    assert_eq!(stats.memory.limit, Some(32 << 20));
    // Up: the sum must move before its part. Down: the part before the sum.
    for megabytes in [64, 16] {
        let limits = Limits {
            memory: Some(megabytes << 20),
            memory_swap: Some(megabytes << 20),
            pids: Some(7),
            ..Limits::default()
        };
        assert_eq!(group.cgroup.set(&limits).unwrap(), [] as [&str; 0]);
        let limit = group.cgroup.stats().memory.limit.unwrap();
        assert_eq!(limit, u64::try_from(megabytes).unwrap() << 20);
    }
    assert_eq!(group.cgroup.stats().pids_limit, Some(7));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_group_with_a_wrong_limit_is_not_there() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let parent = format!("/skiff-test-{}-wrong", std::process::id());
    let limits = Limits {
        cpuset_cpus: Some("4000".into()),
        ..Limits::default()
    };
    let error = Cgroup::create(&format!("{parent}/group"), &limits).unwrap_err();
    assert!(format!("{error:#}").contains("cpuset.cpus"), "{error:#}");
    assert!(
        Cgroup::open(&format!("{parent}/group"))
            .unwrap()
            .is_nowhere()
    );
    cgroups::remove_parent_if_empty(&parent).unwrap();
    assert!(Cgroup::open(&parent).unwrap().is_nowhere());
    assert!(Cgroup::create("/skiff/../x", &Limits::default()).is_err());
}

/// This file once more, where the tree of version 2 is out of sight.
#[test]
fn all_of_it_holds_on_version_1_alone() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let mut command = Command::new("unshare");
    let script = "umount /sys/fs/cgroup/unified && exec \"$0\" --test-threads 2";
    command.args(["--mount", "sh", "-c", script]);
    command.arg(std::env::current_exe().unwrap());
    command.env_remove("SKIFF_TEST_REQUIRE");
    let text = support::run(command).ok();
    assert!(text.contains("test result: ok"), "{text}");
}
