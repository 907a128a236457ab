//! `linux.resources` and `linux.sysctl`: how much, and by which rules.

use serde_json::{Map, Value, json};

use crate::core::Container;
use crate::effects::machine::Machine;

/// The scheduler's period, in microseconds.
const PERIOD: i64 = 100_000;

/// The limits that were asked for, and the rule for devices.
///
/// An ordinary user has no cgroup to limit in, and no device to forbid: create said so.
pub(super) fn resources(container: &Container, machine: &Machine) -> Value {
    let host = &container.host;
    if !machine.is_root {
        return json!({});
    }
    // The runtime adds the devices that every container has.
    let devices = json!([{ "allow": host.privileged, "access": "rwm" }]);
    let mut resources = json!({ "devices": devices });
    if host.memory > 0 {
        resources["memory"] = json!({ "limit": host.memory });
        if machine.limits_swap {
            // Docker's default: as much swap as memory.
            let swap = match host.memory_swap {
                0 => host.memory.saturating_mul(2),
                swap => swap,
            };
            resources["memory"]["swap"] = json!(swap);
        }
    }
    let cpu = cpu(container);
    if !cpu.is_empty() {
        resources["cpu"] = Value::Object(cpu);
    }
    if let Some(limit) = host.pids_limit.filter(|limit| *limit > 0) {
        resources["pids"] = json!({ "limit": limit });
    }
    resources
}

fn cpu(container: &Container) -> Map<String, Value> {
    let host = &container.host;
    let mut cpu = Map::new();
    let mut set = |key: &str, value: Value| drop(cpu.insert(key.to_owned(), value));
    if host.nano_cpus > 0 {
        set("period", json!(PERIOD));
        // A billionth of a CPU is a ten-thousandth of a microsecond of the period.
        set("quota", json!(host.nano_cpus / 10_000));
    }
    if host.cpu_period > 0 {
        set("period", json!(host.cpu_period));
    }
    if host.cpu_quota > 0 {
        set("quota", json!(host.cpu_quota));
    }
    if host.cpu_shares > 0 {
        set("shares", json!(host.cpu_shares));
    }
    if !host.cpuset_cpus.is_empty() {
        set("cpus", json!(host.cpuset_cpus));
    }
    if !host.cpuset_mems.is_empty() {
        set("mems", json!(host.cpuset_mems));
    }
    cpu
}

/// Kernel parameters of the container's own network: docker lets everybody in it bind
/// low ports and ping.
pub(super) fn sysctls(container: &Container, machine: &Machine) -> Value {
    if container.host.network_mode == "host" {
        return json!({});
    }
    let mut sysctls = json!({ "net.ipv4.ip_unprivileged_port_start": "0" });
    if machine.is_root {
        sysctls["net.ipv4.ping_group_range"] = json!("0 2147483647");
    }
    sysctls
}
