//! A runtime that is used as on a machine with systemd.

use super::machine::Machine;
use super::*;
use support::Output;

/// A runtime on a machine, and a way to its systemd.
pub(super) struct Runtime<'a> {
    pub(super) machine: &'a Machine,
    pub(super) program: &'a str,
    /// `NAME=VALUE`, for its environment.
    pub(super) setting: &'a str,
}

impl Runtime<'_> {
    /// A verb, with the flag.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        let before = ["env", self.setting, self.program, "--root", "/run/states"];
        let all = [&before[..], &["--systemd-cgroup"], words].concat();
        self.machine.run(&all)
    }

    /// A verb whose container keeps its output.
    pub(super) fn leave(&self, words: &[&str]) -> Output {
        let line = "exec env \"$@\" >/run/out 2>&1 </dev/null";
        let before = ["sh", "-c", line, "left", self.setting, self.program];
        let flags = ["--root", "/run/states", "--systemd-cgroup"];
        let mut out = self.machine.run(&[&before[..], &flags, words].concat());
        out.stderr = self.machine.run(&["cat", "/run/out"]).ok();
        out
    }

    /// The first process of a container.
    pub(super) fn pid(&self, id: &str) -> String {
        let state: Value = serde_json::from_str(&self.run(&["state", id]).ok()).unwrap();
        state["pid"].to_string()
    }

    /// A process is in the group, in all trees but these.
    #[track_caller]
    pub(super) fn assert_in(&self, group: &str, pid: &str, but: &[&str]) {
        let groups = self.machine.groups_of(pid);
        assert!(!groups.is_empty());
        for (tree, at) in groups {
            let known = but.contains(&tree.as_str());
            assert!(known || at == group, "{}: {tree}: {at}", self.program);
        }
    }
}
