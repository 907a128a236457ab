//! A group that systemd has made: what is the same as of any other, and what is not.

use anyhow::{Context, Result, ensure};
use nix::unistd::Pid;
use workbench::files::kernel_text;

use super::Unit;
use crate::cgroup::{Cgroup, checked};
use crate::layout::{self, Version};
use crate::limits::Limits;

impl Cgroup {
    /// Has systemd make a unit with the process `pid` in it, and does the rest: the trees
    /// and the limits that systemd knows nothing of.
    ///
    /// # Errors
    /// When systemd is not there or refuses, or as for [`Cgroup::create`]; nothing of the
    /// unit stays then.
    // ANCHOR: of_unit
    pub fn of_unit(unit: &Unit, pid: Pid, limits: &Limits) -> Result<Self> {
        super::start(unit, pid, limits)?;
        // From here on it is not changed or ended without systemd.
        let mut cgroup = Self::nowhere().with_unit(&unit.name);
        let made = cgroup.follow(unit, pid, limits);
        if made.is_err() {
            let _ = cgroup.delete();
        }
        made.map(|()| cgroup)
    }
    // ANCHOR_END: of_unit

    fn follow(&mut self, unit: &Unit, pid: Pid, limits: &Limits) -> Result<()> {
        let path = if unit.is_slice() {
            unit.place(super::is_rootless())
        } else {
            place_of(pid, &unit.name)?
        };
        self.begin_at(checked(&path)?, limits, &layout::mounts())?;
        self.complete(limits)?;
        self.add(pid)
    }

    /// The same group, as one that the unit `name` of systemd's has; of an empty name, as
    /// one that nobody has.
    #[must_use]
    pub fn with_unit(mut self, name: &str) -> Self {
        name.clone_into(&mut self.unit);
        self
    }

    /// Tells systemd what will be written, so that it does not write something else.
    pub(crate) fn tell_systemd(&self, limits: &Limits) -> Result<()> {
        if self.unit.is_empty() {
            return Ok(());
        }
        // In version 1 systemd writes the device rules anew as well: first that nothing
        // is allowed, then the rest, one by one. Nobody should see that moment.
        let v1 = self.folder_with("devices").map(|f| f.tree.version) == Some(Version::V1);
        let stop = v1 && self.folder_with("freezer").is_some() && !self.is_frozen();
        if stop {
            self.freeze(true)?;
        }
        let told = super::set(&self.unit, limits);
        let thawed = if stop { self.freeze(false) } else { Ok(()) };
        told.and(thawed)
    }

    /// Has systemd end the unit, when its processes have ended.
    pub(crate) fn stop_unit(&self) -> Result<()> {
        if self.unit.is_empty() {
            return Ok(());
        }
        let killed = if self.pids().is_empty() {
            Ok(())
        } else {
            self.kill()
        };
        killed.and(super::stop(&self.unit))
    }
}

/// Where systemd has put a process: the same in all trees that it keeps.
fn place_of(pid: Pid, name: &str) -> Result<String> {
    let file = format!("/proc/{pid}/cgroup");
    let text = kernel_text(&file).with_context(|| format!("read {file}"))?;
    let place =
        find(&text).with_context(|| format!("{file} has no tree of systemd's"))?;
    ensure!(
        place.rsplit('/').next() == Some(name),
        "systemd unit {name} has started, but the process is in cgroup {place}"
    );
    Ok(place.to_owned())
}

/// The path in the tree by which systemd sorts: its own of version 1, or that of version
/// 2 (proc_pid_cgroup(5)).
fn find(text: &str) -> Option<&str> {
    let path = |names: &str| {
        text.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.strip_prefix(names)?.strip_prefix(':')
        })
    };
    path("name=systemd").or_else(|| path(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_in_the_tree_that_sorts() {
        let both = "9:name=systemd:/a.slice/b.scope\n8:pids:/else\n0::/a.slice/b.scope\n";
        assert_eq!(find(both), Some("/a.slice/b.scope"));
        assert_eq!(find("0::/x/y:z.scope\n"), Some("/x/y:z.scope"));
        assert_eq!(find("8:pids:/else\n"), None);
    }
}
