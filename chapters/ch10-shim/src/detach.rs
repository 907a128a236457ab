//! Leaving whoever started the shim, for good.
//!
//! The daemon may be killed, stopped with its service, or upgraded; its terminal may be
//! closed. The shim must not notice.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use cgroups::layout::{Tree, Version};
use nix::sys::prctl::set_child_subreaper;
use nix::unistd::{chdir, setsid};
use workbench::steps;

/// The cgroup of the shims whose daemon is in one that could be ended.
const SHIMS: &str = "skiff-shims";

/// Cuts what ties a freshly forked process to its origin.
// ANCHOR: detach
pub(crate) fn detach() -> Result<()> {
    let why = "no signal of the daemon's terminal or process group reaches the shim";
    steps::step(10, format_args!("setsid()"), why, setsid).context("begin a session")?;
    let why = "hold no folder of the caller's";
    steps::step(10, format_args!("chdir(\"/\")"), why, || chdir("/"))
        .context("change to the root")?;
    leave_cgroup();
    let why = "what the launcher leaves behind becomes this process's child";
    steps::step(
        10,
        format_args!("prctl(PR_SET_CHILD_SUBREAPER)"),
        why,
        || set_child_subreaper(true),
    )
    .context("become the reaper of all descendants")
}
// ANCHOR_END: detach

/// Moves out of the daemon's cgroup: systemd ends a service by killing all that is in
/// its cgroup. An ordinary user has nowhere to go, and stays: a container under a shim
/// that stayed is better than none.
fn leave_cgroup() {
    if can_be_ended() {
        for tree in managed_trees() {
            let _ = join(&tree.join(SHIMS));
        }
    }
}

/// Goes to the roots of the trees, so that the last shim can remove the cgroup.
pub(crate) fn leave_shims() {
    if !own_cgroups().lines().any(|line| line.ends_with(SHIMS)) {
        return;
    }
    for tree in managed_trees() {
        let _ = enter(&tree);
        // EBUSY: others are still in there.
        let _ = fs::remove_dir(tree.join(SHIMS));
    }
}

fn join(group: &Path) -> io::Result<()> {
    let mut joined = Ok(());
    for _ in 0..3 {
        match fs::create_dir(group) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error);
            }
            _ => {}
        }
        joined = enter(group);
        // The last shim in it may have ended, and removed it, this moment.
        if !matches!(&joined, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            break;
        }
    }
    joined
}

fn enter(group: &Path) -> io::Result<()> {
    let procs = group.join("cgroup.procs");
    let why = "a service is ended by killing its cgroup: a shim should not be in there";
    steps::step(10, format_args!("write({procs:?}, \"0\")"), why, || {
        fs::write(&procs, "0")
    })
}

/// The trees in which a service manager sorts what it has started.
fn managed_trees() -> impl Iterator<Item = PathBuf> {
    let named = |tree: &Tree| tree.controllers.iter().any(|name| name == "name=systemd");
    let trees = cgroups::layout::trees().into_iter();
    trees
        .filter(move |tree| tree.version == Version::V2 || named(tree))
        .map(|tree| tree.mount)
}

/// Whether a service manager keeps this process in a cgroup of its own making.
fn can_be_ended() -> bool {
    own_cgroups().lines().any(kept_by_manager)
}

/// In the tree that service managers use: version 2, or the named one of version 1.
fn kept_by_manager(line: &str) -> bool {
    let path = line
        .strip_prefix("0::")
        .or_else(|| line.split_once(":name=systemd:").map(|(_, path)| path));
    path.is_some_and(|path| path != "/")
}

fn own_cgroups() -> String {
    fs::read_to_string("/proc/self/cgroup").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_manager_s_trees_count() {
        for (line, kept) in [
            ("0::/", false),
            ("0::/system.slice/skiff.service", true),
            ("1:name=systemd:/user.slice", true),
            ("4:memory:/somewhere", false),
        ] {
            assert_eq!(kept_by_manager(line), kept, "{line}");
        }
    }
}
