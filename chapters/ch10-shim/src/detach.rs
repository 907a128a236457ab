//! Leaving whoever started the shim, for good.
//!
//! The daemon may be killed, stopped with its service, or upgraded; its terminal may be
//! closed. The shim must not notice.

use std::fs;

use anyhow::{Context, Result};
use cgroups::{Cgroup, Limits};
use nix::sys::prctl::set_child_subreaper;
use nix::unistd::{Pid, chdir, setsid};
use workbench::steps;

/// The cgroup of the shims whose daemon is in one that could be ended.
const SHIMS: &str = "/skiff-shims";

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
/// its cgroup. An ordinary user has nowhere to go, and stays.
fn leave_cgroup() {
    if !can_be_ended() {
        return;
    }
    // Best effort: a container under a shim that stayed is better than none.
    if let Ok(shims) = Cgroup::create(SHIMS, &Limits::default())
        && !shims.is_nowhere()
    {
        let _ = shims.add(Pid::this());
    }
}

/// Goes to the root of all trees, so that the cgroup of the shims can be removed by
/// the last of them.
pub(crate) fn leave_shims() {
    let in_shims = own_cgroups().lines().any(|line| line.ends_with(SHIMS));
    if in_shims && let Ok(root) = Cgroup::open("/") {
        let _ = root.add(Pid::this());
        let _ = cgroups::remove_parent_if_empty(SHIMS);
    }
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
