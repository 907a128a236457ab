//! Where the launcher's children are born. A pid or a time namespace takes nobody who is
//! there already, only children (pid_namespaces(7), time_namespaces(7)): so the launcher
//! turns to the container's to make its first process, and then back. A hook is a child
//! too, and runs in the runtime's own; see [`hooks`] for where there is no way back.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use namespaces::time::unshare_for_children;
use namespaces::{Namespace, join};
use nix::unistd::getpid;
use oci_spec::runtime::Hooks;
use workbench::user::in_user_namespace;

use crate::hooks;
use crate::plan::Plan;

/// The namespaces that children were born in before; they are again when it is dropped.
#[derive(Debug)]
pub(crate) struct Home(Vec<(Namespace, OwnedFd)>);

impl Home {
    /// From here on children are born in the pid namespace that the plan names, and in
    /// the time namespace that it asks for.
    pub(crate) fn leave(plan: &Plan, hooks: Option<&Hooks>) -> Result<Self> {
        let leaves = plan.time_offsets.is_some()
            || plan.joined.iter().any(|(kind, _)| *kind == Namespace::Pid);
        if leaves && in_user_namespace() && hooks::any_at_home(hooks) {
            // There may be no way back.
            hooks::stay_behind()?;
        }
        let own =
            |kind| Ok::<_, anyhow::Error>((kind, join::of_process(getpid(), kind)?));
        let mut home = Self(Vec::new());
        for (kind, path) in &plan.joined {
            if *kind == Namespace::Pid {
                home.0.push(own(Namespace::Pid)?);
                join_by_path(*kind, path)?;
            }
        }
        if let Some((monotonic, boottime)) = plan.time_offsets {
            home.0.push(own(Namespace::Time)?);
            unshare_for_children(monotonic, boottime)?;
        }
        Ok(home)
    }

    /// From here on children are born where they were before.
    pub(crate) fn back(&mut self) {
        for (kind, own) in self.0.drain(..) {
            // In a user namespace the kernel may refuse: then another runs the hooks.
            let _ = join::join(&[(kind, own.as_fd())]);
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.back();
    }
}

/// Joins a namespace that the bundle names by its path.
pub(crate) fn join_by_path(kind: Namespace, path: &Path) -> Result<()> {
    join::open(path)
        .and_then(|file| join::join(&[(kind, file.as_fd())]))
        .with_context(|| format!("config.json: linux.namespaces: {}", path.display()))
}
