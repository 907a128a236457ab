//! Id maps: which users of a user namespace are which users outside (user_namespaces(7)).
//!
//! Whoever has `CAP_SETUID` and `CAP_SETGID` outside writes any map. An ordinary user
//! may map their own id alone, or ask the set-user-ID programs newuidmap(1) and
//! newgidmap(1), which consult `/etc/subuid` and `/etc/subgid` (subuid(5)).

use std::fmt;
use std::fs;
use std::io;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::{Pid, getegid, geteuid};
use workbench::steps::step;

use crate::CHAPTER;
use crate::capabilities::Capabilities;

/// `count` ids from `inside` on are those from `outside` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdMap {
    /// First id in the namespace.
    pub inside: u32,
    /// First id in the parent namespace.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

impl fmt::Display for IdMap {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {} {}", self.inside, self.outside, self.count)
    }
}

/// Lines a map may have (user_namespaces(7)).
const LINES: usize = 340;

/// Gives the user namespace of process `pid`, a child, its maps; once, before the
/// process does anything.
///
/// # Errors
/// For maps that overlap or overflow; and where neither the kernel nor newuidmap(1)
/// allows them.
// ANCHOR: write_id_maps
pub fn write_id_maps(pid: Pid, uid: &[IdMap], gid: &[IdMap]) -> Result<()> {
    check(uid).context("the uid map")?;
    check(gid).context("the gid map")?;
    let held = Capabilities::current()?.effective;
    if held.has("SETUID") || own(uid, geteuid().as_raw()) {
        write(pid, "uid_map", &text(uid))?;
    } else {
        ask("newuidmap", pid, uid)?;
    }
    if held.has("SETGID") {
        write(pid, "gid_map", &text(gid))
    } else if own(gid, getegid().as_raw()) {
        write(pid, "setgroups", "deny")?;
        write(pid, "gid_map", &text(gid))
    } else {
        ask("newgidmap", pid, gid)
    }
}
// ANCHOR_END: write_id_maps

/// Whether a map is the one that needs no privilege: the writer's own id, alone.
fn own(maps: &[IdMap], id: u32) -> bool {
    matches!(maps, [IdMap { outside, count: 1, .. }] if *outside == id)
}

/// What the kernel refuses with a bare EINVAL, said in words.
fn check(maps: &[IdMap]) -> Result<()> {
    ensure!(!maps.is_empty(), "is empty");
    ensure!(maps.len() <= LINES, "has more than {LINES} lines");
    for (place, map) in maps.iter().enumerate() {
        ensure!(
            map.count > 0,
            "maps no id in the line {map:?}",
            map = map.to_string()
        );
        for first in [map.inside, map.outside] {
            let fits = first.checked_add(map.count).is_some();
            ensure!(
                fits,
                "reaches beyond 2^32 in the line {:?}",
                map.to_string()
            );
        }
        for other in &maps[..place] {
            let inside = overlap(map.inside, other.inside, map.count, other.count);
            let outside = overlap(map.outside, other.outside, map.count, other.count);
            ensure!(
                !inside && !outside,
                "has lines that overlap: {other} and {map}"
            );
        }
    }
    Ok(())
}

fn overlap(one: u32, other: u32, count: u32, others: u32) -> bool {
    let (one, other) = (u64::from(one), u64::from(other));
    one < other + u64::from(others) && other < one + u64::from(count)
}

fn text(maps: &[IdMap]) -> String {
    maps.iter().map(|map| format!("{map}\n")).collect()
}

fn write(pid: Pid, file: &str, text: &str) -> Result<()> {
    let path = format!("/proc/{pid}/{file}");
    let why = match file {
        "setgroups" => "or an ordinary user could drop a group that denies them a file",
        _ => "from here on the child has an id, and root's powers in its namespace",
    };
    step(
        CHAPTER,
        format_args!("write({path:?}, {:?})", text.trim_end()),
        why,
        || fs::write(&path, text),
    )
    .with_context(|| format!("write {:?} to {path}", text.trim_end()))
}

/// Runs newuidmap(1) or newgidmap(1).
fn ask(program: &str, pid: Pid, maps: &[IdMap]) -> Result<()> {
    let numbers = maps
        .iter()
        .flat_map(|map| [map.inside, map.outside, map.count]);
    let mut command = Command::new(program);
    command
        .arg(pid.to_string())
        .args(numbers.map(|number| number.to_string()));
    let output = step(
        CHAPTER,
        format_args!("execve(newuidmap)"),
        "more ids than one's own are given by a program that is set-user-ID root",
        || command.output(),
    );
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "map {} ranges of ids: {program} is not installed (package uidmap)",
            maps.len()
        ),
        output => output.with_context(|| format!("run {program}"))?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {}", said.trim());
    Ok(())
}

/// The widest maps that an ordinary user may have: root inside is the user, and the
/// ids from 1 on are those that `/etc/subuid` and `/etc/subgid` lend.
///
/// Where the files, the user's lines, or the programs that write such maps are missing,
/// the user's own id remains.
#[must_use]
pub fn subordinate_ids(user: &str, uid: u32, gid: u32) -> (Vec<IdMap>, Vec<IdMap>) {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let there =
        |program| std::env::split_paths(&paths).any(|dir| dir.join(program).exists());
    if !there("newuidmap") || !there("newgidmap") {
        return (widest(uid, &[]), widest(gid, &[]));
    }
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let names = [user.to_owned(), uid.to_string()];
    (
        widest(uid, &parse_subordinate(&read("/etc/subuid"), &names)),
        widest(gid, &parse_subordinate(&read("/etc/subgid"), &names)),
    )
}

/// The ranges (first id, count) that a subuid(5) file lends to any of `names`; lines that
/// cannot be read are left out.
#[must_use]
pub fn parse_subordinate(text: &str, names: &[String]) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let name = fields.next()?;
        let first = fields.next()?.parse().ok()?;
        let count: u32 = fields.next()?.parse().ok()?;
        let lent = names.iter().any(|known| known == name) && count > 0;
        lent.then_some((first, count))
    };
    text.lines().filter_map(range).collect()
}

fn widest(own: u32, ranges: &[(u32, u32)]) -> Vec<IdMap> {
    let mut maps = vec![IdMap {
        inside: 0,
        outside: own,
        count: 1,
    }];
    let mut inside = 1u32;
    for (outside, count) in ranges.iter().copied() {
        maps.push(IdMap {
            inside,
            outside,
            count,
        });
        match inside.checked_add(count) {
            Some(next) => inside = next,
            None => break,
        }
    }
    maps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(inside: u32, outside: u32, count: u32) -> IdMap {
        IdMap {
            inside,
            outside,
            count,
        }
    }

    #[test]
    fn lines_that_overlap_on_either_side_are_refused() {
        assert!(check(&[map(0, 1000, 1), map(1, 100_000, 65536)]).is_ok());
        assert!(check(&[map(0, 1000, 2), map(1, 100_000, 1)]).is_err());
        assert!(check(&[map(0, 1000, 2), map(5, 1001, 1)]).is_err());
        assert!(check(&[]).is_err());
        assert!(check(&[map(0, 0, 0)]).is_err());
        assert!(check(&[map(0, u32::MAX, 2)]).is_err());
    }

    #[test]
    fn ranges_are_lent_by_name_or_by_number() {
        let text =
            "ann:100000:65536\nbob:1:1\n# ann:7:7\n1000:200000:10\nann:x:1\nann:3\n";
        let names = ["ann".to_owned(), "1000".to_owned()];
        assert_eq!(
            parse_subordinate(text, &names),
            [(100_000, 65536), (200_000, 10)]
        );
    }

    #[test]
    fn the_widest_map_puts_the_ranges_behind_root() {
        let maps = widest(1000, &[(100_000, 65536), (300_000, 5)]);
        assert_eq!(text(&maps), "0 1000 1\n1 100000 65536\n65537 300000 5\n");
        assert!(own(&widest(1000, &[]), 1000));
    }

    proptest! {
        #[test]
        fn the_widest_map_is_one_that_the_kernel_takes(
            own in 0u32..60_000,
            sizes in proptest::collection::vec(1u32..70_000, 0..8),
        ) {
            let mut next = 100_000;
            let ranges: Vec<(u32, u32)> = sizes.iter().map(|size| {
                let range = (next, *size);
                next += size;
                range
            }).collect();
            let maps = widest(own, &ranges);
            prop_assert!(check(&maps).is_ok());
            let total: u32 = maps.iter().map(|map| map.count).sum();
            prop_assert_eq!(total, 1 + sizes.iter().sum::<u32>());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _ = parse_subordinate(&text, &["0".to_owned()]);
        }
    }
}
