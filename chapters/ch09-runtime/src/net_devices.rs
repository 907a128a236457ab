//! `linux.netDevices`: interfaces of the host's that the container takes over.

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use namespaces::{Namespace, join};
use nix::unistd::Pid;

use crate::plan::Plan;

/// Hands the plan's interfaces over to the container whose first process is `pid`, which
/// waits at the gate: its network namespace is new, or one that it will join.
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
