//! What there is in a world, seen from outside, before and after.
//!
//! Read from the host through `/proc/PID/root`, so that looking starts nothing in the
//! world (but `nft`, where it is). What the kernel does late is given its time.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::needs::on_path;
use crate::trees::cgroups_named;
use crate::{World, run};

/// The kernel may take two seconds over links; the rest is not slower.
const PATIENCE: Duration = Duration::from_secs(3);

/// What may still be of somebody who has gone already when the ledger is written.
const GOES_LATE: [&str; 2] = ["link", "descriptor of the daemon"];

/// How processes are listed that may be gone at the next look.
const ENDED: [&str; 2] = [" zombie", " exiting"];

/// What there was at one moment: kinds of things, each with its sorted lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger(BTreeMap<&'static str, Vec<String>>);

impl Ledger {
    /// What there is in `world` now.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut all = BTreeMap::from([
            ("mount", mounts(world)),
            ("link", links(world)),
            ("rule", rules(world)),
            ("cgroup", cgroups(world)),
            ("process", processes(world)),
            ("descriptor of the daemon", descriptors(world)),
            ("file", files(world)),
            ("lease", leases(world)),
        ]);
        for lines in all.values_mut() {
            lines.sort();
        }
        Self(all)
    }

    /// Panics unless `world` is, within three seconds, as it was when this was taken.
    ///
    /// # Panics
    /// See above; the message lists what came (`+`) and what went (`-`).
    #[track_caller]
    pub fn assert_same(&self, world: &World) {
        let end = Instant::now() + PATIENCE;
        loop {
            let difference = self.difference(&Self::of(world));
            if difference.is_empty() {
                return;
            }
            assert!(
                Instant::now() < end,
                "the world is not as it was:\n{difference}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn difference(&self, after: &Self) -> String {
        let mut text = String::new();
        for (kind, before) in &self.0 {
            let mut after = after.0.get(kind).cloned().unwrap_or_default();
            for line in before {
                match after.iter().position(|other| other == line) {
                    Some(place) => drop(after.swap_remove(place)),
                    // What an earlier client or container left may go while we look.
                    None if GOES_LATE.contains(kind) => {}
                    None if ENDED.iter().any(|ended| line.ends_with(ended)) => {}
                    None => drop(writeln!(text, "- {kind}: {line}")),
                }
            }
            for line in after {
                let _ = writeln!(text, "+ {kind}: {line}");
            }
        }
        text
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(String::from)
        .collect()
}

/// Names in a folder; none if it is not there.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn mounts(world: &World) -> Vec<String> {
    let all = lines(&world.proc("mountinfo"));
    // Without the mount's and its parent's number.
    all.iter()
        .map(|line| line.split(' ').skip(2).collect::<Vec<_>>().join(" "))
        .collect()
}

fn links(world: &World) -> Vec<String> {
    let devices = lines(&world.proc("net/dev"));
    let names = devices.iter().filter_map(|line| line.split_once(':'));
    let routes = lines(&world.proc("net/route")).into_iter().skip(1);
    names
        .map(|(name, _)| name.trim().to_owned())
        .chain(routes)
        .collect()
}

fn rules(world: &World) -> Vec<String> {
    if !Uid::effective().is_root() || on_path("nft").is_none() {
        return Vec::new();
    }
    let command = world.command(&["nft", "--stateless", "list", "ruleset"]);
    run(command).stdout.lines().map(String::from).collect()
}

fn cgroups(world: &World) -> Vec<String> {
    // The parent itself comes with the first container and may stay.
    let parent = world.cgroup_parent();
    let all = cgroups_named(parent)
        .into_iter()
        .map(|dir| dir.display().to_string());
    all.filter(|dir| !dir.ends_with(parent)).collect()
}

fn processes(world: &World) -> Vec<String> {
    let proc = world.outside("/proc");
    let numbers = names(&proc)
        .into_iter()
        .filter(|name| name.parse::<u32>().is_ok());
    let told = numbers.filter(|pid| pid != "1").filter_map(|pid| {
        let dir = proc.join(pid);
        let stat = fs::read_to_string(dir.join("stat")).ok()?;
        let comm = stat.get(stat.find('(')?..=stat.rfind(')')?)?;
        let state = stat.get(stat.rfind(')')? + 2..)?.chars().next()?;
        let line = fs::read_to_string(dir.join("cmdline")).unwrap_or_default();
        let line = line.replace('\0', " ");
        Some(match (state, line.trim()) {
            ('Z', _) => format!("{comm}{}", ENDED[0]),
            // Its memory has gone, words and all: it is on its way out.
            (_, "") => format!("{comm}{}", ENDED[1]),
            (_, words) => format!("{comm} {words}"),
        })
    });
    told.collect()
}

fn descriptors(world: &World) -> Vec<String> {
    let Some(pid) = world.daemon_pid() else {
        return Vec::new();
    };
    let dir = world.outside(format!("/proc/{pid}/fd"));
    let targets = names(&dir)
        .into_iter()
        .filter_map(|n| fs::read_link(dir.join(n)).ok());
    targets
        .map(|target| {
            let text = target.display().to_string();
            // Of what has no name, the kind: its number is new each time.
            text.split_once(":[")
                .map_or(text.clone(), |(kind, _)| kind.to_owned())
        })
        .collect()
}

fn files(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for top in [world.exec_root(), world.data_root()] {
        below(&world.outside(&top), &top.display().to_string(), &mut found);
    }
    found
}

fn below(dir: &Path, shown: &str, found: &mut Vec<String>) {
    for name in names(dir) {
        let (path, shown) = (dir.join(&name), format!("{shown}/{name}"));
        // A layer is listed as one thing: what is in it is not the engine's.
        if path.is_dir() && !path.is_symlink() && name != "diff" {
            below(&path, &shown, found);
        }
        found.push(shown);
    }
}

fn leases(world: &World) -> Vec<String> {
    let dir = world.outside(world.data_root().join("networks"));
    let told = names(&dir).into_iter().map(|name| {
        format!(
            "{name}: {}",
            fs::read_to_string(dir.join(&name)).unwrap_or_default()
        )
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Need, needs};

    /// What `script` leaves behind, as the ledger tells it.
    fn left_by(script: &str) -> String {
        let world = World::root("/bin/true");
        let _ = world
            .run(&["mkdir", "-p", "/run/skiff", "/var/lib/skiff"])
            .ok();
        let before = Ledger::of(&world);
        before.assert_same(&world);
        let _ = world.run(&["sh", "-c", script]).ok();
        before.difference(&Ledger::of(&world))
    }

    #[test]
    fn nothing_escapes_the_ledger() {
        if !needs(&[Need::Root]) {
            return;
        }
        for (script, line) in [
            ("mount -t tmpfs leaked /mnt", "+ mount: "),
            ("ip link add leaked type bridge", "+ link: leaked"),
            (
                "setsid sleep 77 >/dev/null 2>&1 &",
                "+ process: (sleep) sleep 77",
            ),
            ("touch /run/skiff/leaked", "+ file: /run/skiff/leaked"),
            ("mkdir -p /var/lib/skiff/a/b", "+ file: /var/lib/skiff/a/b"),
            (
                "rmdir /var/lib/skiff; rm -rf /run/skiff; umount /var/lib",
                "- mount: ",
            ),
        ] {
            let left = left_by(script);
            assert!(left.contains(line), "{script}: {left}");
        }
        assert_eq!(left_by("true"), "");
    }

    #[test]
    fn zombies_and_cgroups_are_seen() {
        if !needs(&[Need::Root, Need::CgroupV1]) {
            return;
        }
        let world = World::root("/bin/true");
        let before = Ledger::of(&world);
        let parent = format!("/sys/fs/cgroup/memory/{}", world.cgroup_parent());
        // The shell becomes a program that never waits for its first child.
        let script = "true & exec sleep 78";
        let job = crate::Job::start(world.command(&["sh", "-c", script]), Some(b""));
        let _ = world
            .run(&["mkdir", "-p", &format!("{parent}/leaked")])
            .ok();
        crate::eventually("the zombie", PATIENCE, || {
            let left = before.difference(&Ledger::of(&world));
            (left.contains("zombie") && left.contains("/leaked")).then_some(())
        });
        drop(job);
        drop(world);
        assert!(!Path::new(&parent).exists());
    }

    #[test]
    fn rules_are_seen() {
        if !needs(&[Need::Root, Need::Tool("nft")]) {
            return;
        }
        let left = left_by("nft add table ip leaked");
        assert!(left.contains("+ rule: table ip leaked"), "{left}");
    }
}
