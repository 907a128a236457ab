//! `linux.resources` as limits (runtime-spec, config-linux.md, "Control groups").

use anyhow::{Result, ensure};
use cgroups::devices::{Access, DeviceRule, Kind};
use cgroups::{Limits, Rare, Throttle};
use oci_spec::runtime::{
    self as oci, LinuxBlockIo, LinuxCpu, LinuxDeviceCgroup, LinuxDeviceType,
    LinuxNetwork, LinuxResources,
};

/// The limits that the section asks for.
///
/// # Errors
/// When a size or a name is none.
pub(crate) fn of(resources: Option<&LinuxResources>) -> Result<Limits> {
    let mut limits = Limits::default();
    let Some(resources) = resources else {
        return Ok(limits);
    };
    let word = |given: &Option<String>| given.clone().filter(|text| !text.is_empty());
    if let Some(memory) = resources.memory() {
        limits.memory = memory.limit();
        limits.memory_swap = memory.swap();
        limits.memory_reservation = memory.reservation().filter(|bytes| *bytes != 0);
        limits.memory_swappiness = memory.swappiness();
        limits.check_before_update = memory.check_before_update() == Some(true);
        limits.disable_oom_killer = memory.disable_oom_killer() == Some(true);
    }
    if let Some(cpu) = resources.cpu() {
        limits.cpu_quota = cpu.quota();
        limits.cpu_period = cpu.period();
        limits.cpu_shares = cpu.shares();
        limits.cpuset_cpus = word(cpu.cpus());
        limits.cpuset_mems = word(cpu.mems());
    }
    limits.pids = resources
        .pids()
        .as_ref()
        .map(oci_spec::runtime::LinuxPids::limit);
    limits.blkio_weight = resources.block_io().as_ref().and_then(LinuxBlockIo::weight);
    limits.rare = rare(resources);
    check(&limits.rare)?;
    limits.unified = resources
        .unified()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    for file in limits.unified.keys() {
        ensure!(
            !file.contains('/'),
            "config.json: linux.resources.unified[{file}]: not the name of a file"
        );
    }
    limits.devices = devices(resources.devices().as_deref().unwrap_or_default());
    Ok(limits)
}

/// What few ask for.
fn rare(resources: &LinuxResources) -> Rare {
    let cpu = resources.cpu().as_ref();
    let io = resources.block_io().as_ref();
    let network = resources.network().as_ref();
    let pages = resources.hugepage_limits().iter().flatten();
    let interfaces = network.and_then(|network| network.priorities().as_ref());
    let devices = resources.rdma().iter().flatten();
    let weights = io.and_then(|io| io.weight_device().as_ref());
    let weight = |one: &oci::LinuxWeightDevice| {
        let device = (one.major(), one.minor());
        (device, one.weight(), one.leaf_weight())
    };
    Rare {
        cpu_idle: cpu.and_then(LinuxCpu::idle),
        cpu_burst: cpu.and_then(LinuxCpu::burst),
        // Callers send these as 0 where they mean nothing.
        realtime_runtime: cpu.and_then(LinuxCpu::realtime_runtime).filter(|n| *n != 0),
        realtime_period: cpu.and_then(LinuxCpu::realtime_period).filter(|n| *n != 0),
        leaf_weight: io.and_then(LinuxBlockIo::leaf_weight).filter(|n| *n != 0),
        weights: weights.into_iter().flatten().map(weight).collect(),
        throttles: io.map(throttles).unwrap_or_default(),
        huge_pages: pages
            .map(|one| (one.page_size().clone(), one.limit()))
            .collect(),
        net_class: network.and_then(LinuxNetwork::class_id).filter(|n| *n != 0),
        net_priorities: interfaces
            .into_iter()
            .flatten()
            .map(|one| (one.name().clone(), one.priority()))
            .collect(),
        rdma: devices
            .map(|(name, one)| (name.clone(), (one.hca_handles(), one.hca_objects())))
            .collect(),
    }
}

fn throttles(io: &LinuxBlockIo) -> Vec<Throttle> {
    let lists = [
        (io.throttle_read_bps_device(), false, false),
        (io.throttle_write_bps_device(), true, false),
        (io.throttle_read_iops_device(), false, true),
        (io.throttle_write_iops_device(), true, true),
    ];
    let mut all = Vec::new();
    for (list, writes, transfers) in lists {
        all.extend(list.iter().flatten().map(|one| Throttle {
            device: (one.major(), one.minor()),
            writes,
            transfers,
            rate: one.rate(),
        }));
    }
    all
}

/// Refuses what no kernel can be told.
fn check(rare: &Rare) -> Result<()> {
    for size in rare.huge_pages.keys() {
        let number = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &size[number.len()..];
        ensure!(
            number.parse::<u64>().is_ok() && ["KB", "MB", "GB"].contains(&unit),
            "config.json: linux.resources.hugepageLimits: {size:?} is no size of a page"
        );
    }
    for name in rare
        .net_priorities
        .iter()
        .map(|(name, _)| name)
        .chain(rare.rdma.keys())
    {
        ensure!(
            !name.is_empty() && !name.contains([' ', '\n']),
            "config.json: linux.resources: {name:?} is no name of a device"
        );
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn limits(resources: Value) -> Result<Limits> {
        of(Some(&serde_json::from_value(resources).unwrap()))
    }

    #[test]
    fn what_docker_sends_empty_asks_for_nothing() {
        let sent = json!({
            "memory": { "reservation": 0, "disableOOMKiller": false },
            "cpu": { "shares": 0, "cpus": "", "realtimeRuntime": 0 },
            "blockIO": { "weight": 0, "throttleReadBpsDevice": [] },
        });
        let asked = limits(sent).unwrap();
        let nothing = Limits {
            cpu_shares: Some(0),
            blkio_weight: Some(0),
            ..Limits::default()
        };
        assert_eq!(asked, nothing);
        assert!(asked.files(cgroups::layout::Version::V1).is_empty());
        assert!(asked.files(cgroups::layout::Version::V2).is_empty());
    }

    #[test]
    fn what_is_no_size_and_no_name_is_refused() {
        let rows = [
            (
                json!({ "hugepageLimits": [{ "pageSize": "../2MB", "limit": 1 }] }),
                "../2MB",
            ),
            (
                json!({ "hugepageLimits": [{ "pageSize": "2", "limit": 1 }] }),
                "hugepage",
            ),
            (
                json!({ "network": { "priorities": [{ "name": "a b", "priority": 1 }] } }),
                "\"a b\" is no name",
            ),
        ];
        for (sent, said) in rows {
            let error = limits(sent).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
