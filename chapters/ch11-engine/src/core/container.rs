//! A container as the engine keeps it: what was asked for, and how it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mounts::Planned;
use crate::api::host::MountPoint;
use crate::api::{ContainerConfig, HostConfig};

/// How many digits of an id a short one has.
pub const SHORT: usize = 12;

/// What was asked for, and how it is. The first part is `config.json` on disk, and
/// changes by nothing but a rename.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Without docker's slash.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// The digest of the image's config.
    pub image: String,
    /// What was asked for, with what the image says laid under it.
    pub config: ContainerConfig,
    /// What was asked for of the host.
    pub host: HostConfig,
    /// What is mounted besides the image, in the order of mounting.
    pub planned: Vec<Planned>,
    /// The same as `inspect` shows it.
    pub mounts: Vec<MountPoint>,
    /// How it is: `state.json` on disk.
    #[serde(skip)]
    pub state: State,
}

impl Container {
    /// The command line: entry point and arguments as one list.
    pub fn command(&self) -> Vec<String> {
        let words = |words: &Option<crate::api::Words>| {
            words
                .as_ref()
                .map(|words| words.0.clone())
                .unwrap_or_default()
        };
        [words(&self.config.entrypoint), words(&self.config.cmd)].concat()
    }

    /// The first twelve digits of the id: its name among people.
    pub fn short_id(&self) -> &str {
        short(&self.id)
    }

    /// How often the container may ignore a stop, in seconds (10 unless told).
    pub fn stop_timeout(&self) -> i64 {
        self.config.stop_timeout.unwrap_or(10)
    }
}

/// The first twelve digits of an id. No two containers have the same.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// Where on its way a container is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Made, and never ran.
    #[default]
    Created,
    /// Between the decision to start and the news of it.
    Starting,
    /// Its first process lives.
    Running,
    /// It lives, and its cgroup is frozen.
    Paused,
    /// It ran.
    Exited,
    /// Its files are being removed; nothing else may happen to it.
    Removing,
}

impl Status {
    /// Whether there is a first process.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The word that the API has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created | Self::Starting => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Exited => "exited",
            Self::Removing => "removing",
        }
    }
}

/// How a container is, or how it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Where on its way.
    pub status: Status,
    /// The first process, as the daemon's pid namespace counts; 0 for none.
    pub pid: i32,
    /// How it ended the last time.
    pub exit_code: i32,
    /// Whether the kernel killed for want of memory.
    pub oom_killed: bool,
    /// Why the last start failed; empty when it did not.
    pub error: String,
    /// When it last started.
    pub started_at: Option<Timestamp>,
    /// When it last ended.
    pub finished_at: Option<Timestamp>,
    /// Its address in each network, while it runs.
    pub networks: BTreeMap<String, Address>,
}

/// An address that a running container has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The container's.
    pub ip: std::net::Ipv4Addr,
    /// The length of the subnet's prefix.
    pub prefix: u8,
    /// The bridge's.
    pub gateway: std::net::Ipv4Addr,
    /// The container's interface's.
    pub mac: String,
    /// The host's ports that lead to it.
    #[serde(default)]
    pub published: Vec<Published>,
}

/// A port of the host that leads to a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The host's address.
    pub host_ip: std::net::Ipv4Addr,
    /// The host's port.
    pub host_port: u16,
    /// The container's port.
    pub private_port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The status, 128+n for a signal.
    pub code: i32,
    /// When.
    pub at: Timestamp,
    /// Whether the kernel killed for want of memory.
    pub oom_killed: bool,
}
