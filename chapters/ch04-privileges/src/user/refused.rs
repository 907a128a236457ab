//! Why a process cannot become a user: EINVAL is said of the namespace, not of the number.

use std::fs;

use nix::errno::Errno;
use workbench::diagnosis::{Cause, Diagnosis, Proof, Scene};

/// An id that was to be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id {
    /// `uid` or `gid`.
    pub(crate) kind: &'static str,
    /// Its number.
    pub(crate) number: u32,
}

impl Scene for Id {
    fn words(&self) -> Vec<(&'static str, String)> {
        let lines: Vec<_> = self.map().lines().map(words).collect();
        vec![
            ("KIND", self.kind.to_owned()),
            ("NUMBER", self.number.to_string()),
            ("MAP", lines.join(", ")),
        ]
    }
}

impl Id {
    fn map(&self) -> String {
        fs::read_to_string(format!("/proc/self/{}_map", self.kind)).unwrap_or_default()
    }

    /// Whether the map can be read, and has no line for this id.
    fn is_unmapped(&self) -> bool {
        let map = self.map();
        let has = |line: &str| {
            let numbers: Vec<u64> = line
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            let number = u64::from(self.number);
            matches!(numbers[..], [first, _, count] if (first..first + count).contains(&number))
        };
        !map.is_empty() && !map.lines().any(has)
    }
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why setresuid(2) or setresgid(2) says no.
pub(crate) static BECOME: Diagnosis<Id> = Diagnosis {
    chapter: 4,
    call: "setresuid",
    purpose: "become another user, or another group",
    causes: &[Cause {
        errno: Errno::EINVAL,
        meaning: "The user namespace has no such id: its map has no line for it.",
        probe: Id::is_unmapped,
        look: "cat /proc/self/uid_map /proc/self/gid_map",
        hint: "this user namespace has no KIND NUMBER, its map is MAP; map more ids into \
               it (cargo run -p ch04 -- ids says which you may have), or run it as an id \
               that it has",
        proof: Proof::Test("an_id_without_a_line_in_the_map_is_named"),
    }],
};
