//! `linux.sysctl`: kernel parameters, those of the container's own namespaces only.

use anyhow::{Result, ensure};
use namespaces::Namespace;

use super::Plan;

/// Refuses a parameter that is not the container's own to set.
///
/// # Errors
/// Names the first such parameter.
pub(super) fn check(plan: &Plan) -> Result<()> {
    for name in plan.sysctls.keys() {
        ensure!(
            belongs(plan, name),
            "config.json: linux.sysctl: sysctl {name:?} is not in a separate kernel namespace"
        );
    }
    Ok(())
}

/// Whether a parameter belongs to a namespace that the container has for itself.
fn belongs(plan: &Plan, name: &str) -> bool {
    let own = |kind| plan.has(kind);
    let ipc = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
    ];
    let shm = [
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    if name.contains("..") || name.contains('/') {
        false
    } else if ipc.contains(&name) || shm.contains(&name) || name.starts_with("fs.mqueue.")
    {
        own(Namespace::Ipc)
    } else if name.starts_with("net.") {
        own(Namespace::Net)
    } else if name == "kernel.domainname" || name == "kernel.hostname" {
        own(Namespace::Uts)
    } else {
        false
    }
}
