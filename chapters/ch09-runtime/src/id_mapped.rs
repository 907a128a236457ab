//! Mounts whose files have other ids: made by the launcher, moved to their places by the
//! container's first process (see [`mounts::id_mapped`]).

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use chroot::process::{self, Forked, How, fork, leave_after};
use mounts::Mount;
use namespaces::{Namespace, join};
use privileges::IdMap;

use crate::plan::{IdMaps, Plan};

/// The mounts of a plan, those with id maps made already.
///
/// # Errors
/// When the maps are refused, or the kernel cannot map these files.
pub fn mounts(plan: &Plan) -> Result<Vec<Mount>> {
    let mut mounts = plan.tree.mounts.clone();
    for (place, maps) in &plan.tree.id_maps {
        let mount = &mut mounts[*place];
        let prepare = |mount: &Mount| {
            let namespace = match maps {
                IdMaps::Of(path) => join::open(path)?,
                IdMaps::Given(uid, gid) => user_namespace(uid, gid)?,
            };
            mounts::id_mapped(mount, namespace.as_fd())
        };
        let prepared = prepare(mount)
            .with_context(|| format!("mount on {}", mount.target.display()))?;
        mount.id_mapped = Some(prepared);
    }
    Ok(mounts)
}

/// A user namespace with these maps and nobody in it: it lives as long as it is held.
fn user_namespace(uid: &[IdMap], gid: &[IdMap]) -> Result<OwnedFd> {
    let (ours, theirs) = process::pair()?;
    let how = How {
        namespaces: libc::CLONE_NEWUSER,
        ..How::default()
    };
    match fork(&how)? {
        Forked::Child => {
            drop(ours);
            // Only there to have maps written to it.
            leave_after(|| theirs.receive().map(|_| 0))
        }
        Forked::Parent(child) => {
            drop(theirs);
            let made = privileges::write_id_maps(child.pid, uid, gid)
                .and_then(|()| join::of_process(child.pid, Namespace::User));
            drop(ours);
            child.wait()?;
            made
        }
    }
}
