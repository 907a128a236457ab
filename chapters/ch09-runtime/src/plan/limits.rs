//! `linux.resources` as limits (runtime-spec, config-linux.md, "Control groups").

use anyhow::{Result, bail};
use cgroups::Limits;
use cgroups::devices::{Access, DeviceRule, Kind};
use oci_spec::runtime::{LinuxDeviceCgroup, LinuxDeviceType, LinuxResources};

/// The limits that the section asks for.
///
/// # Errors
/// When it asks for one that is not acted on.
pub(crate) fn of(resources: Option<&LinuxResources>) -> Result<Limits> {
    let mut limits = Limits::default();
    let Some(resources) = resources else {
        return Ok(limits);
    };
    refuse_unsupported(resources)?;
    if let Some(memory) = resources.memory() {
        limits.memory = memory.limit();
        limits.memory_swap = memory.swap();
    }
    if let Some(cpu) = resources.cpu() {
        limits.cpu_quota = cpu.quota();
        limits.cpu_period = cpu.period();
        limits.cpu_shares = cpu.shares();
        limits.cpuset_cpus = cpu.cpus().clone();
        limits.cpuset_mems = cpu.mems().clone();
    }
    limits.pids = resources
        .pids()
        .as_ref()
        .map(oci_spec::runtime::LinuxPids::limit);
    limits.devices = devices(resources.devices().as_deref().unwrap_or_default());
    Ok(limits)
}

fn refuse_unsupported(resources: &LinuxResources) -> Result<()> {
    let refused = [
        ("blockIO", resources.block_io().is_some()),
        (
            "hugepageLimits",
            resources
                .hugepage_limits()
                .as_ref()
                .is_some_and(|l| !l.is_empty()),
        ),
        ("network", resources.network().is_some()),
        (
            "rdma",
            resources.rdma().as_ref().is_some_and(|r| !r.is_empty()),
        ),
        (
            "unified",
            resources.unified().as_ref().is_some_and(|u| !u.is_empty()),
        ),
    ];
    match refused.iter().find(|(_, given)| *given) {
        Some((field, _)) => {
            bail!("config.json: linux.resources.{field} is not supported")
        }
        None => Ok(()),
    }
}

/// The rules given, and those without which no container works: its own terminals,
/// the null device and its like, and making (not opening) any node.
fn devices(given: &[LinuxDeviceCgroup]) -> Vec<DeviceRule> {
    if given.is_empty() {
        return Vec::new();
    }
    given
        .iter()
        .map(rule)
        .chain(cgroups::devices::defaults())
        .collect()
}

fn rule(given: &LinuxDeviceCgroup) -> DeviceRule {
    let kind = match given.typ() {
        None | Some(LinuxDeviceType::A) => Kind::Any,
        Some(LinuxDeviceType::B) => Kind::Block,
        Some(LinuxDeviceType::C | LinuxDeviceType::U) => Kind::Char,
        // A FIFO is no device that the filter knows.
        Some(LinuxDeviceType::P) => Kind::Char,
    };
    let number = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
    DeviceRule {
        allow: given.allow(),
        kind,
        major: number(given.major()),
        minor: number(given.minor()),
        access: given.access().as_deref().map_or(Access::ALL, Access::of),
    }
}
