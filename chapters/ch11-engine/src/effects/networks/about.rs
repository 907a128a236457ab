//! Networks as the API tells them.

use crate::api::Filters;
use crate::api::network::{IpamConfig, Network, NetworkMember};
use crate::core::Refusal;
use crate::core::list::network_name;
use crate::effects::Engine;

impl Engine {
    /// `GET /networks`.
    ///
    /// # Errors
    /// A filter that does not exist.
    pub fn networks(&self, filters: &Filters) -> Result<Vec<Network>, Refusal> {
        let known = ["name", "id", "driver", "type", "scope", "label", "dangling"];
        filters.only(&known).map_err(Refusal::bad)?;
        let mut networks = ["bridge", "host", "none"]
            .map(|name| self.describe(name))
            .to_vec();
        networks.retain(|network| {
            filters.any("name", |wanted| network.name.contains(wanted))
                && filters.any("id", |wanted| network.id.starts_with(wanted))
                && filters.any("driver", |wanted| network.driver == wanted)
                && filters.any("type", |wanted| wanted == "builtin")
                && filters.any("scope", |wanted| wanted == "local")
                && filters.any("dangling", |wanted| wanted == "false")
                && filters.labels(&network.labels)
        });
        Ok(networks)
    }

    /// `GET /networks/{id}`.
    ///
    /// # Errors
    /// There is none.
    pub fn network(&self, wanted: &str) -> Result<Network, Refusal> {
        let all = self.networks(&Filters::default())?;
        let meant = |network: &Network| {
            network.name == wanted || (wanted.len() > 3 && network.id.starts_with(wanted))
        };
        all.into_iter()
            .find(meant)
            .ok_or_else(|| Refusal::not_found(format!("network {wanted} not found")))
    }

    fn describe(&self, name: &str) -> Network {
        use sha2::Digest;
        let seed = format!("{}/{name}", self.roots.data.display());
        let hash = sha2::Sha256::digest(seed.as_bytes());
        let id = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut network = Network {
            name: name.to_owned(),
            id,
            created: "1970-01-01T00:00:00Z".into(),
            scope: "local".into(),
            driver: if name == "none" { "null" } else { name }.into(),
            enable_ipv4: true,
            ..Network::default()
        };
        network.ipam.driver = "default".into();
        let core = self.core();
        for container in core.containers().filter(|one| one.state.status.is_alive()) {
            if network_name(container) == name {
                let mut member = NetworkMember {
                    name: container.name.clone(),
                    ..Default::default()
                };
                if let Some(address) = container.state.networks.get(name) {
                    member.ipv4_address = format!("{}/{}", address.ip, address.prefix);
                    member.mac_address.clone_from(&address.mac);
                }
                network.containers.insert(container.id.clone(), member);
            }
        }
        drop(core);
        if let (Some((subnet, gateway)), "bridge") = (self.networks.subnet(), name) {
            network.ipam.config.push(IpamConfig {
                subnet: subnet.to_string(),
                gateway: gateway.to_string(),
                ..IpamConfig::default()
            });
        }
        network
    }
}
