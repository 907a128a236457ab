//! A look at a container from outside: which of its processes is the first, and which
//! namespaces it shares with the host (proc_pid_status(5), namespaces(7)).

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::unistd::Pid;

use crate::exercise::trial::descendants;

/// The process that is the container which `engine` has made: PID 1 of a namespace of
/// its own, if there is one among `engine` and its descendants; else the last that was
/// born.
#[must_use]
pub fn first_process(engine: Pid) -> Pid {
    let family: Vec<_> = [engine].into_iter().chain(descendants(engine)).collect();
    let first = family.iter().find(|pid| is_first(**pid));
    *first.or(family.last()).unwrap_or(&engine)
}

/// Those of `kinds` in which `pid` is in the very namespace that we are in.
#[must_use]
pub fn shared(pid: Pid, kinds: &[String]) -> Vec<String> {
    let of = |who: &str, kind: &str| fs::read_link(format!("/proc/{who}/ns/{kind}")).ok();
    let theirs = pid.to_string();
    kinds
        .iter()
        .filter(|kind| of(&theirs, kind).is_none_or(|ns| Some(ns) == of("self", kind)))
        .cloned()
        .collect()
}

/// Whether `..` leads on from the root of `pid`, for somebody who does not stop there. Only
/// from the root of a whole mount namespace it leads nowhere.
#[must_use]
pub fn has_something_above(pid: Pid) -> bool {
    let place = |path: String| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    let root = place(format!("/proc/{pid}/root/."));
    let above = place(format!("/proc/{pid}/root/.."));
    // What cannot be looked at is not taken for good.
    !matches!((root, above), (Ok(root), Ok(above)) if root == above)
}

/// For each of the `wanted` lines (`Name: value`) that the `status` of `pid` does not
/// have: the line that it has.
#[must_use]
pub fn other(pid: Pid, wanted: &[String]) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let lines: Vec<String> = status.lines().map(|line| line.replace('\t', " ")).collect();
    let missing = wanted.iter().filter(|line| !lines.contains(line));
    let instead = missing.map(|line| {
        let name = line.split(' ').next().unwrap_or_default();
        let found = lines.iter().find(|line| line.starts_with(name));
        found.cloned().unwrap_or_else(|| format!("no {name}"))
    });
    instead.collect()
}

/// Whether a process is the first one of a pid namespace below ours.
fn is_first(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let ids: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
    ids.len() > 1 && ids.last() == Some(&"1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_our_own_root_is_nothing_unless_it_was_changed() {
        assert!(!has_something_above(Pid::this()));
        assert!(
            has_something_above(Pid::from_raw(i32::MAX)),
            "there is no such process"
        );
    }

    #[test]
    fn we_share_everything_with_ourselves() {
        let kinds = ["uts".to_owned(), "pid".to_owned()];
        assert_eq!(shared(Pid::this(), &kinds), kinds);
        assert_eq!(shared(Pid::this(), &["nosuch".to_owned()]), ["nosuch"]);
    }

    #[test]
    fn what_stands_in_the_place_of_a_line_is_told() {
        let told = |line: &str| other(Pid::this(), &[line.to_owned()]);
        let own = format!("Pid: {}", Pid::this());
        assert_eq!(told(&own), [""; 0]);
        assert_eq!(told("Pid: 0"), [own]);
        assert_eq!(told("Nosuch: 1"), ["no Nosuch:"]);
    }
}
