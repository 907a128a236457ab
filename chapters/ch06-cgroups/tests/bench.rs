//! The bench of chapter 6, from outside.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers of tests meet is a failure"
)]

use std::path::Path;
use std::process::Command;

use support::{Need, Ordinary, needs, run};

fn ch06(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch06"));
    command.args(args);
    command
}

fn nothing_is_left() {
    // Another test of this file may have a group there; its own is what counts.
    for tree in std::fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        let parent = tree.path().join("skiff-ch06");
        for group in std::fs::read_dir(&parent).into_iter().flatten().flatten() {
            let name = group.file_name().into_string().unwrap();
            let owner = Path::new("/proc").join(&name);
            let is_group = group.file_type().is_ok_and(|kind| kind.is_dir());
            assert!(!is_group || owner.exists(), "{:?} is left", group.path());
        }
    }
}

#[test]
fn both_limits_bite() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let text = run(ch06(&[])).ok();
    assert!(text.contains("ended by signal 9; at most 16 MiB"), "{text}");
    assert!(text.contains("1 killed for lack of memory"), "{text}");
    assert!(text.contains("3 left"), "{text}");
    nothing_is_left();
}

#[test]
fn a_container_has_its_limits_and_sees_itself_as_the_root_of_all_groups() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let script = "while read -r line; do echo ${line##*:}; done </proc/self/cgroup; \
                  end=$(($(date +%s%N) + 600000000)); \
                  while [ $(date +%s%N) -lt $end ]; do :; done; times; exit 7";
    let output = run(ch06(&["run", "--cpus", "0.2", "sh", "-c", script]));
    assert_eq!(output.code, 7, "{output:?}");
    let lines: Vec<_> = output.stdout.lines().collect();
    let (groups, times) = lines.split_at(lines.len() - 2);
    assert!(groups.iter().all(|group| *group == "/"), "{groups:?}");
    // `times`: 0m0.05s 0m0.07s, of the shell, and below, of what it started.
    let seconds = |time: &str| -> f64 {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    let used: f64 = times.join(" ").split_whitespace().map(seconds).sum();
    assert!(
        used > 0.05 && used < 0.3,
        "0.2 of 0.6 s is 0.12 s, not {used}"
    );
    nothing_is_left();
}

#[test]
fn a_limit_that_the_kernel_refuses_is_told_and_leaves_nothing() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    // The kernel takes no quota below a millisecond.
    let output = run(ch06(&["run", "--cpus", "0.005", "true"]));
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("cpu.cfs_quota_us"), "{output:?}");
    nothing_is_left();
}

#[test]
fn an_ordinary_user_is_told_what_to_type() {
    if !needs(&[Need::User, Need::CgroupV1]) {
        return;
    }
    let user = Ordinary::new();
    let output = run(user.command(env!("CARGO_BIN_EXE_ch06")));
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stderr.contains("no cgroup can be made: no "),
        "{output:?}"
    );
    assert!(
        output
            .stderr
            .contains(" is not yours to change; type it again with sudo"),
        "{output:?}"
    );
}

#[test]
fn the_layout_names_what_is_mounted() {
    if !needs(&[Need::CgroupHybrid]) {
        return;
    }
    let text = run(ch06(&["layout"])).ok();
    assert!(text.starts_with("Hybrid\n"), "{text}");
    assert!(text.contains("V1 /sys/fs/cgroup/memory memory"), "{text}");
    assert!(text.contains("V2 /sys/fs/cgroup/unified"), "{text}");
}

#[test]
fn without_the_tree_of_version_2_the_layout_is_legacy_and_limits_bite_too() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let program = env!("CARGO_BIN_EXE_ch06");
    let script =
        format!("umount /sys/fs/cgroup/unified && {program} layout && {program}");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]);
    let text = run(command).ok();
    assert!(text.starts_with("Legacy\n"), "{text}");
    assert!(text.contains("1 killed for lack of memory"), "{text}");
    assert!(text.contains("3 left"), "{text}");
    nothing_is_left();
}
