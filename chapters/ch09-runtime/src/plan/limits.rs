//! `linux.resources` as limits (runtime-spec, config-linux.md, "Control groups").

use anyhow::{Context, Result, bail};
use cgroups::Limits;
use cgroups::devices::{Access, DeviceRule, Kind};
use oci_spec::runtime::{
    LinuxBlockIo, LinuxDeviceCgroup, LinuxDeviceType, LinuxResources,
};
use serde_json::Value;

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
    let word = |given: &Option<String>| given.clone().filter(|text| !text.is_empty());
    if let Some(memory) = resources.memory() {
        limits.memory = memory.limit();
        limits.memory_swap = memory.swap();
        limits.memory_reservation = memory.reservation().filter(|bytes| *bytes != 0);
        limits.memory_swappiness = memory.swappiness();
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
    limits.unified = resources
        .unified()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    limits.devices = devices(resources.devices().as_deref().unwrap_or_default());
    Ok(limits)
}

/// Fields that are not acted on.
const REFUSED: [&str; 14] = [
    "blockIO/leafWeight",
    "blockIO/weightDevice",
    "blockIO/throttleReadBpsDevice",
    "blockIO/throttleWriteBpsDevice",
    "blockIO/throttleReadIOPSDevice",
    "blockIO/throttleWriteIOPSDevice",
    "cpu/realtimeRuntime",
    "cpu/realtimePeriod",
    "cpu/burst",
    "cpu/idle",
    "hugepageLimits",
    "network/classID",
    "network/priorities",
    "rdma",
];

fn refuse_unsupported(resources: &LinuxResources) -> Result<()> {
    let shape = serde_json::to_value(resources).context("read linux.resources")?;
    for field in REFUSED {
        let given = shape.pointer(&format!("/{field}"));
        if given.is_some_and(asks) {
            let field = field.replace('/', ".");
            bail!("config.json: linux.resources.{field} is not supported");
        }
    }
    Ok(())
}

/// Whether a value asks for anything: callers send fields empty or zero.
fn asks(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => fields.values().any(asks),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn what_is_not_acted_on_is_named() {
        let rows = [
            (json!({ "cpu": { "burst": 5 } }), "cpu.burst"),
            (
                json!({ "blockIO": { "throttleReadBpsDevice": [{ "major": 8, "minor": 0, "rate": 1 }] } }),
                "blockIO.throttleReadBpsDevice",
            ),
            (json!({ "network": { "classID": 7 } }), "network.classID"),
        ];
        for (sent, field) in rows {
            let error = limits(sent).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
