//! The list of masks: all that may differ between two runs of a transcript.
//!
//! A number or a name that differs is replaced, not removed: the same one is the same
//! wherever it stands, so that a reader can follow a pid through a transcript.

use std::collections::HashMap;

use regex::{Captures, Regex};

use crate::World;

/// What is replaced by one text wherever it stands.
const FIXED: &[(&str, &str)] = &[
    // Times.
    (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
        "2026-01-01T12:00:00Z",
    ),
    // Durations: of a step, of a program's life, since when.
    (r"(?m)^ +\d+\.\d\d ms(  ch\d\d)", "   -.-- ms$1"),
    (r"\b\d+ ms\b", "- ms"),
    (r"Less than a second|\b\d+ seconds?\b", "2 seconds"),
    // Sizes.
    (r"\b\d+(\.\d+)?(kB|MB|GB)\b", "-$2"),
    (r#"("size": )\d+"#, "$1-"),
    (r"\b\d+ bytes\b", "- bytes"),
    // A peak that is no limit.
    (r"\b\d{1,4} KB\b", "- KB"),
    // How large the machine is.
    (r#"(cpuset\.(?:cpus|mems)", )"[\d,-]+""#, "$1\"0-3\""),
    // A filter has as many as the architecture needs.
    (r"\b\d+ instructions\b", "- instructions"),
    // Where the distribution has its programs: one place on some, two on others.
    (r#""(/usr)?/bin/(\w+)""#, r#""/bin/$2""#),
    // Who takes in orphans: the init, or the session of a desktop.
    (r"a child of [\w-]+ \d+", "a child of init 1"),
    // Descriptors by number.
    (r"/proc/self/fd/([3-9]|\d\d+)", "/proc/self/fd/-"),
];

/// What a number of that kind is called.
type Name = fn(usize) -> String;

/// What is numbered, each kind in the order of its first appearance: a pattern whose
/// group is the thing, and how the n-th of them is written.
const NUMBERED: &[(&str, &str, Name)] = &[
    (
        "pid",
        r"(?m)^(?:client|daemon|shim|launcher|init|exec|bench) (\d+)$|\b(?:shim|container) (\d+)\b|/proc/(\d+)\b|\bpid (?:is )?(\d+)",
        pid,
    ),
    ("id", r"\b([0-9a-f]{64})\b", id),
    ("bench", r"(/tmp/skiff-bench-\w+)", |n| {
        format!("/tmp/skiff-bench-{n}")
    }),
    ("veth", r"\bveth([0-9a-f]{6,})\b", |n| n.to_string()),
    // Ports that the kernel chose.
    ("port", r"\d\.\d+:([3-6]\d{4})\b", |n| {
        (40_000 + n).to_string()
    }),
];

/// The first process that is numbered; only 1 keeps its number.
fn pid(n: usize) -> String {
    (4000 + n).to_string()
}

/// An id or a digest of 64 digits, by its first twelve.
fn id(n: usize) -> String {
    const DIGITS: [&str; 8] = [
        "c0ffee", "5ca1ab1e", "0ddba11", "f00d", "decade", "facade", "beef", "cafe",
    ];
    let word = DIGITS[(n - 1) % DIGITS.len()];
    format!("{:0<12}…", format!("{word}{n:02}"))
}

/// The masks, and what is peculiar to one world.
pub(crate) struct Masks {
    own: Vec<(String, String)>,
}

impl Masks {
    /// The masks for what was seen in `world`.
    pub(crate) fn of(world: &World) -> Self {
        let mut own = vec![
            (world.home().display().to_string(), "/home/you".to_owned()),
            (world.cgroup_parent().to_owned(), "skiff".to_owned()),
        ];
        let (uid, gid) = world.ids();
        if uid != 0 {
            // Whoever ran the test, the reader is the first user of their machine.
            own.push((format!("uid {uid}"), "uid 1000".into()));
            own.push((format!("/run/user/{uid}/"), "/run/user/1000/".into()));
            own.push((format!("\"hostID\":{uid},"), "\"hostID\":1000,".into()));
            own.push((format!("map is 0 {uid} 1"), "map is 0 1000 1".into()));
            own.push((format!("\"hostID\":{gid},"), "\"hostID\":1000,".into()));
            own.push((format!("\"0 {uid} 1\""), "\"0 1000 1\"".into()));
            own.push((format!("\"0 {gid} 1\""), "\"0 1000 1\"".into()));
        }
        Self { own }
    }

    /// `text` as every run has it.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.own {
            text = text.replace(from, to);
        }
        for (pattern, to) in FIXED {
            text = pattern_of(pattern).replace_all(&text, *to).into_owned();
        }
        numbered(&text)
    }
}

fn numbered(text: &str) -> String {
    let mut names: HashMap<(&str, String), String> = HashMap::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut text = text.to_owned();
    for (kind, pattern, write) in NUMBERED {
        let replaced = pattern_of(pattern).replace_all(&text, |found: &Captures<'_>| {
            let whole = &found[0];
            let groups = found.iter().skip(1);
            let thing = groups.flatten().next().map_or("1", |group| group.as_str());
            if thing == "1" {
                return whole.to_owned();
            }
            let name = names.entry((kind, thing.to_owned())).or_insert_with(|| {
                let count = counts.entry(kind).or_insert(0);
                *count += 1;
                write(*count)
            });
            whole.replace(thing, name)
        });
        text = replaced.into_owned();
    }
    // Ids are also written short, by their first twelve digits.
    for ((kind, thing), name) in &names {
        if *kind == "id" {
            text = text.replace(&thing[..12], name.trim_end_matches('…'));
        }
    }
    text
}

fn pattern_of(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a mask is a regular expression")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        Masks { own: Vec::new() }.mask(text)
    }

    #[test]
    fn a_process_keeps_its_number_through_the_text() {
        let text = "launcher 71\n  0.21 ms  ch04  write(\"/proc/72/uid_map\")\ninit 72\n\
                    my pid is 1\nlauncher 71\n";
        let seen = "launcher 4001\n   -.-- ms  ch04  write(\"/proc/4002/uid_map\")\ninit 4002\n\
                    my pid is 1\nlauncher 4001\n";
        assert_eq!(masked(text), seen);
        assert_eq!(masked(seen), seen);
    }

    #[test]
    fn an_id_is_the_same_long_and_short() {
        let long = "0123456789ab".repeat(5) + "0123";
        let text = masked(&format!("{long}\n0123456789ab  toolbox\nsha256:{long}\n"));
        assert_eq!(text.matches("c0ffee010000").count(), 3, "{text}");
        assert_eq!(text.matches('…').count(), 2, "{text}");
        assert!(!text.contains("0123456789ab"), "{text}");
    }

    #[test]
    fn times_ports_and_folders_are_masked() {
        let text = "2026-11-21T02:49:32.123456789Z 127.0.0.1:43567 Up 14 seconds \
                    /tmp/skiff-bench-h3kryf 12.5MB 10.88.0.2:80";
        let seen = "2026-01-01T12:00:00Z 127.0.0.1:40001 Up 2 seconds \
                    /tmp/skiff-bench-1 -MB 10.88.0.2:80";
        assert_eq!(masked(text), seen);
    }
}
