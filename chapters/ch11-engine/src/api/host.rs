//! What a container gets of its host: mounts, limits, rights.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

use std::collections::BTreeMap;

use serde_json::Value;

tolerant! {
    /// The part of a container's description that a host matters to.
    ///
    /// Members of type [`Value`] are kept and shown, and refused where they would ask
    /// for something that the engine does not do.
    pub struct HostConfig {
        pub binds: Option<Vec<String>>,
        #[serde(rename = "ContainerIDFile")]
        pub container_id_file: String,
        pub log_config: LogConfig,
        pub network_mode: String,
        pub port_bindings: BTreeMap<String, Option<Vec<PortBinding>>>,
        pub restart_policy: RestartPolicy,
        pub auto_remove: bool,
        pub volume_driver: String,
        pub volumes_from: Value,
        pub console_size: Vec<u32>,
        #[serde(skip_serializing_if = "Value::is_null")]
        pub annotations: Value,
        pub cap_add: Vec<String>,
        pub cap_drop: Vec<String>,
        pub cgroupns_mode: String,
        pub dns: Vec<String>,
        pub dns_options: Vec<String>,
        pub dns_search: Vec<String>,
        pub extra_hosts: Vec<String>,
        pub group_add: Vec<String>,
        pub ipc_mode: String,
        pub cgroup: String,
        pub links: Value,
        pub oom_score_adj: i32,
        pub pid_mode: String,
        pub privileged: bool,
        pub publish_all_ports: bool,
        pub readonly_rootfs: bool,
        pub security_opt: Vec<String>,
        #[serde(skip_serializing_if = "Value::is_null")]
        pub storage_opt: Value,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub tmpfs: BTreeMap<String, String>,
        #[serde(rename = "UTSMode")]
        pub uts_mode: String,
        pub userns_mode: String,
        pub shm_size: i64,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub sysctls: BTreeMap<String, String>,
        pub runtime: String,
        pub isolation: String,
        pub cpu_shares: i64,
        pub memory: i64,
        pub nano_cpus: i64,
        pub cgroup_parent: String,
        pub blkio_weight: i64,
        pub blkio_weight_device: Value,
        pub blkio_device_read_bps: Value,
        pub blkio_device_write_bps: Value,
        #[serde(rename = "BlkioDeviceReadIOps")]
        pub blkio_device_read_iops: Value,
        #[serde(rename = "BlkioDeviceWriteIOps")]
        pub blkio_device_write_iops: Value,
        pub cpu_period: i64,
        pub cpu_quota: i64,
        pub cpu_realtime_period: i64,
        pub cpu_realtime_runtime: i64,
        pub cpuset_cpus: String,
        pub cpuset_mems: String,
        pub devices: Value,
        pub device_cgroup_rules: Value,
        pub device_requests: Value,
        pub memory_reservation: i64,
        pub memory_swap: i64,
        pub memory_swappiness: Option<i64>,
        pub oom_kill_disable: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub init: Option<bool>,
        pub pids_limit: Option<i64>,
        pub ulimits: Vec<Ulimit>,
        pub cpu_count: i64,
        pub cpu_percent: i64,
        #[serde(rename = "IOMaximumIOps")]
        pub io_maximum_iops: u64,
        #[serde(rename = "IOMaximumBandwidth")]
        pub io_maximum_bandwidth: u64,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub mounts: Vec<Mount>,
        pub masked_paths: Option<Vec<String>>,
        pub readonly_paths: Option<Vec<String>>,
    }

    pub struct LogConfig {
        #[serde(rename = "Type")]
        pub kind: String,
        pub config: BTreeMap<String, String>,
    }

    pub struct PortBinding {
        #[serde(rename = "HostIp")]
        pub host_ip: String,
        pub host_port: String,
    }

    pub struct RestartPolicy {
        pub name: String,
        pub maximum_retry_count: i64,
    }

    pub struct Ulimit {
        pub name: String,
        pub hard: i64,
        pub soft: i64,
    }

    /// `--mount`.
    pub struct Mount {
        #[serde(rename = "Type")]
        pub kind: String,
        pub source: String,
        pub target: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub read_only: bool,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub consistency: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bind_options: Option<BindOptions>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub volume_options: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tmpfs_options: Option<TmpfsOptions>,
    }

    pub struct BindOptions {
        pub propagation: String,
        pub non_recursive: bool,
        pub create_mountpoint: bool,
        pub read_only_non_recursive: bool,
        pub read_only_force_recursive: bool,
    }

    pub struct TmpfsOptions {
        pub size_bytes: i64,
        pub mode: u32,
    }

    /// A mount as `inspect` shows it.
    pub struct MountPoint {
        #[serde(rename = "Type")]
        pub kind: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub name: String,
        pub source: String,
        pub destination: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub driver: String,
        pub mode: String,
        #[serde(rename = "RW")]
        pub rw: bool,
        pub propagation: String,
    }

    /// A port as `ps` shows it.
    pub struct Port {
        #[serde(rename = "IP", skip_serializing_if = "String::is_empty")]
        pub ip: String,
        pub private_port: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub public_port: Option<u16>,
        #[serde(rename = "Type")]
        pub kind: String,
    }
}
