//! What the engine tells about a container, and about itself.

use jiff::Timestamp;

use super::Engine;
use crate::api::ContainerInspect;
use crate::api::container::{
    ContainerState, ContainerSummary, GraphDriver, SummaryHostConfig, SummaryNetworks,
};
use crate::api::host::{Port, PortBinding};
use crate::api::network::{EndpointSettings, NetworkSettings};
use crate::core::container::{Address, State};
use crate::core::list::{self, Wanted, network_name};
use crate::core::{Container, Refusal, Status};

/// What Go shows for a time that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Engine {
    /// `GET /containers/json`.
    ///
    /// # Errors
    /// A filter that does not exist.
    pub fn list(&self, wanted: &Wanted) -> Result<Vec<ContainerSummary>, Refusal> {
        let core = self.core();
        let now = Timestamp::now();
        Ok(core
            .list(wanted)?
            .into_iter()
            .map(|one| summary(one, now))
            .collect())
    }

    /// `GET /containers/{id}/json`.
    ///
    /// # Errors
    /// There is no such container.
    pub fn inspect(&self, wanted: &str) -> Result<ContainerInspect, Refusal> {
        let (container, execs) = {
            let core = self.core();
            let container = core.find(wanted)?;
            (container.clone(), core.running_execs(&container.id))
        };
        let file = |name: &str| {
            self.roots
                .container(&container.id)
                .join(name)
                .display()
                .to_string()
        };
        let mut command = container.command().into_iter();
        Ok(ContainerInspect {
            created: container.created.to_string(),
            path: command.next().unwrap_or_default(),
            args: command.collect(),
            state: state(&container.state),
            image: container.image.clone(),
            resolv_conf_path: file("resolv.conf"),
            hostname_path: file("hostname"),
            hosts_path: file("hosts"),
            log_path: file("log"),
            name: format!("/{}", container.name),
            driver: "overlay2".into(),
            platform: "linux".into(),
            exec_ids: (!execs.is_empty()).then_some(execs),
            graph_driver: GraphDriver {
                name: "overlay2".into(),
                data: None,
            },
            network_settings: network_settings(&container),
            mounts: container.mounts,
            host_config: container.host,
            config: container.config,
            id: container.id,
            ..ContainerInspect::default()
        })
    }
}

fn summary(container: &Container, now: Timestamp) -> ContainerSummary {
    let settings = network_settings(container);
    ContainerSummary {
        id: container.id.clone(),
        names: vec![format!("/{}", container.name)],
        image: container.config.image.clone(),
        image_id: container.image.clone(),
        command: container.command().join(" "),
        created: container.created.as_second(),
        ports: ports(&container.state),
        labels: container.config.labels.clone(),
        state: container.state.status.word().into(),
        status: list::status_words(container, now),
        host_config: SummaryHostConfig {
            network_mode: network_name(container).to_owned(),
        },
        network_settings: SummaryNetworks {
            networks: settings.networks,
        },
        mounts: container.mounts.clone(),
        ..ContainerSummary::default()
    }
}

fn ports(state: &State) -> Vec<Port> {
    let published = state
        .networks
        .values()
        .flat_map(|address| &address.published);
    published
        .map(|port| Port {
            ip: port.host_ip.to_string(),
            private_port: port.private_port,
            public_port: Some(port.host_port),
            kind: port.protocol.clone(),
        })
        .collect()
}

fn state(state: &State) -> ContainerState {
    let time = |at: Option<Timestamp>| at.map_or(NEVER.to_owned(), |at| at.to_string());
    ContainerState {
        status: state.status.word().into(),
        running: state.status.is_alive(),
        paused: state.status == Status::Paused,
        oom_killed: state.oom_killed,
        pid: state.pid,
        exit_code: state.exit_code,
        error: state.error.clone(),
        started_at: time(state.started_at),
        finished_at: time(state.finished_at),
        ..ContainerState::default()
    }
}

fn network_settings(container: &Container) -> NetworkSettings {
    let name = network_name(container).to_owned();
    let mut settings = NetworkSettings::default();
    let mut endpoint = EndpointSettings::default();
    if let Some(Address {
        ip,
        prefix,
        gateway,
        mac,
        published,
    }) = container.state.networks.get(&name)
    {
        endpoint.ip_address = ip.to_string();
        endpoint.ip_prefix_len = i64::from(*prefix);
        endpoint.gateway = gateway.to_string();
        endpoint.mac_address.clone_from(mac);
        settings.ip_address = ip.to_string();
        settings.ip_prefix_len = i64::from(*prefix);
        settings.gateway = gateway.to_string();
        settings.mac_address.clone_from(mac);
        for port in published {
            let key = format!("{}/{}", port.private_port, port.protocol);
            let binding = PortBinding {
                host_ip: port.host_ip.to_string(),
                host_port: port.host_port.to_string(),
            };
            settings
                .ports
                .entry(key)
                .or_default()
                .get_or_insert_default()
                .push(binding);
        }
    }
    settings.networks = [(name, endpoint)].into();
    settings
}
