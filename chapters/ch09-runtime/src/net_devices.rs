//! `linux.netDevices`: interfaces of the host's that the container takes over.
//!
//! Nobody gives them back: an interface is where its namespace is, and belongs to whom
//! that belongs to (runtime-spec, config-linux.md, "Namespace Lifecycle and Container
//! Termination": a runtime "MUST NOT attempt to move the interface out of the namespace
//! before deletion"). When a namespace ends, the kernel puts hardware back into the
//! machine's first one, under the name that it had in here, and destroys what is virtual
//! (network_namespaces(7)). A namespace that was given by its path outlives the
//! container, with the interface in it; who made it can take it out, by a poststop hook
//! if need be.

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use namespaces::{Namespace, join};
use nix::unistd::Pid;

use crate::plan::Plan;

/// Hands the plan's interfaces over to the container whose first process is `pid`: its
/// network namespace is one that it will join, or its own since its clone3 (so it may not
/// make that one later by itself: `Launch::by_itself`).
///
/// # Errors
/// The first interface that is not there, or not to be moved.
pub fn hand_over(plan: &Plan, pid: Pid) -> Result<()> {
    if plan.net_devices.is_empty() {
        return Ok(());
    }
    let mut joined = plan.joined.iter();
    let joined = joined.find(|(kind, _)| *kind == Namespace::Net);
    let namespace = match joined {
        Some((_, path)) => join::open(path)?,
        None => join::of_process(pid, Namespace::Net)?,
    };
    for (link, name) in &plan.net_devices {
        network::hand_over(link, namespace.as_fd(), name)
            .with_context(|| format!("config.json: linux.netDevices[{link}]"))?;
    }
    Ok(())
}
