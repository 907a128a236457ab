//! Containers: what creates one, how one is listed and inspected.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::host::{HostConfig, MountPoint, Port};
use super::network::{NetworkSettings, NetworkingConfig};
use super::tolerant::{Words, or_default};

tolerant! {
    /// What runs in a container: the part of its description that no host matters to.
    pub struct ContainerConfig {
        pub hostname: String,
        pub domainname: String,
        pub user: String,
        pub attach_stdin: bool,
        pub attach_stdout: bool,
        pub attach_stderr: bool,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub exposed_ports: BTreeMap<String, Value>,
        pub tty: bool,
        pub open_stdin: bool,
        pub stdin_once: bool,
        pub env: Vec<String>,
        pub cmd: Option<Words>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub healthcheck: Option<Value>,
        pub image: String,
        pub volumes: Option<BTreeMap<String, Value>>,
        pub working_dir: String,
        pub entrypoint: Option<Words>,
        #[serde(skip_serializing_if = "is_false")]
        pub network_disabled: bool,
        pub on_build: Option<Vec<String>>,
        pub labels: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub stop_signal: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stop_timeout: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub shell: Option<Vec<String>>,
    }

    /// The answer to `POST /containers/create`.
    pub struct Created {
        pub id: String,
        pub warnings: Vec<String>,
    }

    /// One line of `GET /containers/json`.
    pub struct ContainerSummary {
        pub id: String,
        pub names: Vec<String>,
        pub image: String,
        #[serde(rename = "ImageID")]
        pub image_id: String,
        pub command: String,
        /// Seconds since 1970.
        pub created: i64,
        pub ports: Vec<Port>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_rw: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_root_fs: Option<i64>,
        pub labels: BTreeMap<String, String>,
        pub state: String,
        pub status: String,
        pub host_config: SummaryHostConfig,
        pub network_settings: SummaryNetworks,
        pub mounts: Vec<MountPoint>,
    }

    pub struct SummaryHostConfig {
        pub network_mode: String,
    }

    pub struct SummaryNetworks {
        pub networks: BTreeMap<String, super::network::EndpointSettings>,
    }

    /// `GET /containers/{id}/json`.
    pub struct ContainerInspect {
        pub id: String,
        pub created: String,
        pub path: String,
        pub args: Vec<String>,
        pub state: ContainerState,
        pub image: String,
        pub resolv_conf_path: String,
        pub hostname_path: String,
        pub hosts_path: String,
        pub log_path: String,
        pub name: String,
        pub restart_count: i64,
        pub driver: String,
        pub platform: String,
        pub mount_label: String,
        pub process_label: String,
        pub app_armor_profile: String,
        #[serde(rename = "ExecIDs")]
        pub exec_ids: Option<Vec<String>>,
        pub host_config: HostConfig,
        pub graph_driver: GraphDriver,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_rw: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_root_fs: Option<i64>,
        pub mounts: Vec<MountPoint>,
        pub config: ContainerConfig,
        pub network_settings: NetworkSettings,
    }

    /// How a container is, or how it ended.
    pub struct ContainerState {
        pub status: String,
        pub running: bool,
        pub paused: bool,
        pub restarting: bool,
        #[serde(rename = "OOMKilled")]
        pub oom_killed: bool,
        pub dead: bool,
        pub pid: i32,
        pub exit_code: i32,
        pub error: String,
        pub started_at: String,
        pub finished_at: String,
    }

    pub struct GraphDriver {
        pub name: String,
        pub data: Option<BTreeMap<String, String>>,
    }

    /// `POST /containers/{id}/wait`.
    pub struct WaitAnswer {
        pub status_code: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error: Option<WaitError>,
    }

    pub struct WaitError {
        pub message: String,
    }

    /// `GET /containers/{id}/top`.
    pub struct Top {
        pub titles: Vec<String>,
        pub processes: Vec<Vec<String>>,
    }

    /// `POST /containers/prune`.
    pub struct Pruned {
        pub containers_deleted: Option<Vec<String>>,
        pub space_reclaimed: u64,
    }
}

/// `POST /containers/create`: the config with two more members beside its own.
// By hand: an optional flattened member would swallow its errors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateRequest {
    #[serde(flatten)]
    pub config: ContainerConfig,
    #[serde(default, deserialize_with = "or_default")]
    pub host_config: HostConfig,
    #[serde(default, deserialize_with = "or_default")]
    pub networking_config: NetworkingConfig,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
