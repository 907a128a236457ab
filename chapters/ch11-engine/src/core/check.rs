//! What may be asked for: everything is looked at before anything is made.
//!
//! Where the engine does not yet do what a field asks, the request is refused and the
//! field named: a container that is silently less confined than its owner believes is
//! worse than none. Fields whose neglect changes no isolation become warnings.

use serde_json::Value;

use super::security::SecurityOption;
use super::{Refusal, signals};
use crate::api::host::Ulimit;
use crate::api::{ContainerConfig, CreateRequest, HostConfig};

/// Members of `HostConfig` that are refused unless they ask for nothing.
const UNSUPPORTED: [&str; 24] = [
    "VolumesFrom",
    "Cgroup",
    "Links",
    "StorageOpt",
    "Sysctls",
    "Isolation",
    "CgroupParent",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "Devices",
    "DeviceCgroupRules",
    "DeviceRequests",
    "MemoryReservation",
    "CpuCount",
    "CpuPercent",
    "IOMaximumIOps",
    "IOMaximumBandwidth",
    "VolumeDriver",
];

const SMALLEST_MEMORY: i64 = 6 << 20;

const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Looks at a request; what is left of doubt is returned as warnings.
///
/// # Errors
/// What docker refuses, in docker's words; and what is not supported, by name.
pub fn request(request: &CreateRequest, cpus: usize) -> Result<Vec<String>, Refusal> {
    let CreateRequest {
        config,
        host_config,
        networking_config,
    } = request;
    check_config(config)?;
    check_supported(host_config)?;
    check_limits(host_config, cpus)?;
    check_modes(host_config)?;
    for option in &host_config.security_opt {
        SecurityOption::parse(option)?;
    }
    for ulimit in &host_config.ulimits {
        check_ulimit(ulimit)?;
    }
    for (name, endpoint) in &networking_config.endpoints_config {
        let fixed = endpoint
            .ipam_config
            .as_ref()
            .is_some_and(|ipam| !is_nothing(ipam));
        if fixed || !endpoint.mac_address.is_empty() {
            return Err(Refusal::unsupported(format!(
                "NetworkingConfig.EndpointsConfig[{name}]: fixed addresses are not \
                 supported"
            )));
        }
    }
    Ok(warnings(config, host_config))
}

fn check_config(config: &ContainerConfig) -> Result<(), Refusal> {
    for variable in &config.env {
        if variable.is_empty() || variable.starts_with('=') || variable.contains('\0') {
            return Err(Refusal::bad(format!(
                "invalid environment variable: {variable}"
            )));
        }
    }
    let words = config
        .cmd
        .iter()
        .chain(&config.entrypoint)
        .flat_map(|words| &words.0);
    if words.into_iter().any(|word| word.contains('\0')) {
        return Err(Refusal::bad("invalid command: it contains a NUL"));
    }
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        return Err(Refusal::bad(format!(
            "the working directory '{}' is invalid, it needs to be an absolute path",
            config.working_dir
        )));
    }
    if !config.stop_signal.is_empty() && signals::parse(&config.stop_signal).is_none() {
        return Err(Refusal::bad(format!(
            "Invalid signal: {}",
            config.stop_signal
        )));
    }
    for name in [&config.hostname, &config.domainname] {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.len() > 64 || !name.bytes().all(good) {
            return Err(Refusal::bad(format!("invalid hostname format: {name}")));
        }
    }
    Ok(())
}

fn check_supported(host: &HostConfig) -> Result<(), Refusal> {
    let value = serde_json::to_value(host).unwrap_or_default();
    let asked = |name: &&&str| value.get(**name).is_some_and(|value| !is_nothing(value));
    if let Some(name) = UNSUPPORTED.iter().find(asked) {
        return Err(Refusal::unsupported(format!(
            "HostConfig.{name} is not supported"
        )));
    }
    match host.log_config.kind.as_str() {
        "" | "json-file" | "none" => Ok(()),
        other => Err(Refusal::unsupported(format!(
            "HostConfig.LogConfig.Type {other:?} is not supported"
        ))),
    }
}

fn check_limits(host: &HostConfig, cpus: usize) -> Result<(), Refusal> {
    let memory = host.memory;
    let refuse = |message: &str| Err(Refusal::bad(message));
    if memory < 0 || (memory > 0 && memory < SMALLEST_MEMORY) {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if host.memory_swap > 0 && memory == 0 {
        return refuse(
            "You should always set the Memory limit when using Memoryswap limit, see \
             usage",
        );
    }
    if host.memory_swap > 0 && host.memory_swap < memory {
        return refuse(
            "Minimum memoryswap limit should be larger than memory limit, see usage",
        );
    }
    let most = i64::try_from(cpus)
        .unwrap_or(1)
        .saturating_mul(1_000_000_000);
    if host.nano_cpus < 0 || host.nano_cpus > most {
        return Err(Refusal::bad(format!(
            "range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs \
             available"
        )));
    }
    if host.nano_cpus > 0 && (host.cpu_period != 0 || host.cpu_quota != 0) {
        return refuse(
            "Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set",
        );
    }
    if host.cpu_period != 0 && !(1_000..=1_000_000).contains(&host.cpu_period) {
        return refuse(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s \
             (i.e. 1000000)",
        );
    }
    if host.shm_size < 0 {
        return refuse("SHM size can not be less than 0");
    }
    if !(-1000..=1000).contains(&host.oom_score_adj) {
        return Err(Refusal::bad(format!(
            "Invalid value {}, range for oom score adj is [-1000, 1000]",
            host.oom_score_adj
        )));
    }
    Ok(())
}

fn check_modes(host: &HostConfig) -> Result<(), Refusal> {
    let modes: [(&str, &str, &[&str]); 6] = [
        (
            "NetworkMode",
            &host.network_mode,
            &["default", "bridge", "host", "none"],
        ),
        (
            "IpcMode",
            &host.ipc_mode,
            &["private", "shareable", "host", "none"],
        ),
        ("PidMode", &host.pid_mode, &["host"]),
        ("UTSMode", &host.uts_mode, &["host"]),
        ("UsernsMode", &host.userns_mode, &["host"]),
        ("CgroupnsMode", &host.cgroupns_mode, &["private", "host"]),
    ];
    for (field, mode, known) in modes {
        if !mode.is_empty() && !known.contains(&mode) {
            return Err(match (field, mode.split_once(':')) {
                ("NetworkMode", None) => {
                    Refusal::not_found(format!("network {mode} not found"))
                }
                _ => Refusal::unsupported(format!(
                    "HostConfig.{field} {mode:?} is not supported"
                )),
            });
        }
    }
    Ok(())
}

fn check_ulimit(ulimit: &Ulimit) -> Result<(), Refusal> {
    let Ulimit { name, hard, soft } = ulimit;
    if !ULIMITS.contains(&name.as_str()) {
        return Err(Refusal::bad(format!("invalid ulimit type: {name}")));
    }
    // -1 is RLIM_INFINITY, as a signed number and as a limit.
    if *hard != -1 && (*soft == -1 || soft > hard) {
        return Err(Refusal::bad(format!(
            "ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
        )));
    }
    Ok(())
}

fn warnings(config: &ContainerConfig, host: &HostConfig) -> Vec<String> {
    let health = config
        .healthcheck
        .as_ref()
        .is_some_and(|check| !is_nothing(check));
    [
        (
            !matches!(host.restart_policy.name.as_str(), "" | "no"),
            "HostConfig.RestartPolicy is kept but not obeyed yet",
        ),
        (health, "Config.Healthcheck is kept but not obeyed yet"),
        (
            !host.log_config.config.is_empty(),
            "HostConfig.LogConfig.Config is kept but not obeyed yet",
        ),
        (
            host.memory_swappiness.is_some_and(|value| value != -1),
            "HostConfig.MemorySwappiness is kept but not obeyed",
        ),
        (
            host.oom_kill_disable == Some(true),
            "HostConfig.OomKillDisable is kept but not obeyed",
        ),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, warning)| warning.to_owned())
    .collect()
}

/// Whether a value asks for nothing: null, zero, empty, or made of such.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
    }
}

#[cfg(test)]
mod tests;
