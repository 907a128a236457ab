//! The bridge that containers share, and who has which address in it.
//!
//! Only a daemon that is really root has it: links and rules of the host are nobody
//! else's. Leases are not kept in a file of their own: a container's address is in its
//! state, and a new daemon reads them from there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use network::{Endpoint, Mac, Nat, Network, Pool, Protocol, Publish, Subnet};

use super::{Engine, Roots};
use crate::api::Filters;
use crate::api::host::PortBinding;
use crate::api::network::{IpamConfig, Network as ApiNetwork, NetworkMember};
use crate::core::container::{Address, Published};
use crate::core::list::network_name;
use crate::core::{Container, Refusal};

/// The networks that this daemon makes.
#[derive(Debug)]
pub(super) struct Networks {
    ours: bool,
    /// The name of the bridge.
    bridge: String,
    /// Where its subnet is written down.
    file: PathBuf,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    pool: Pool,
    /// Published ports by container.
    published: BTreeMap<String, Vec<Publish>>,
}

/// An address that a container has been given.
#[derive(Debug)]
pub(super) struct Lease {
    endpoint: Endpoint,
    gateway: Ipv4Addr,
    published: Vec<Publish>,
}

impl Lease {
    /// The container's address.
    pub(super) fn address(&self) -> Ipv4Addr {
        self.endpoint.address
    }

    /// The bridge's address.
    pub(super) fn gateway(&self) -> Ipv4Addr {
        self.gateway
    }

    /// As the container's state has it.
    pub(super) fn into_addresses(self) -> BTreeMap<String, Address> {
        let published = self.published.iter().map(|publish| Published {
            host_ip: publish.host_ip,
            host_port: publish.host_port,
            private_port: publish.to.port(),
            protocol: publish.protocol.name().to_owned(),
        });
        let address = Address {
            ip: self.endpoint.address,
            prefix: self.endpoint.prefix,
            gateway: self.gateway,
            mac: self.endpoint.mac.to_string(),
            published: published.collect(),
        };
        [("bridge".to_owned(), address)].into()
    }
}

impl Networks {
    pub(super) fn new(roots: &Roots, ours: bool) -> Result<Self> {
        Ok(Self {
            ours,
            bridge: bridge_name(roots),
            file: roots.data.join("networks/bridge.json"),
            state: Mutex::new(None),
        })
    }

    /// Whether there is a bridge at all.
    pub(super) fn are_ours(&self) -> bool {
        self.ours
    }

    /// The bridge's subnet and gateway, if it has been needed yet.
    pub(super) fn subnet(&self) -> Option<(Subnet, Ipv4Addr)> {
        self.state()
            .as_ref()
            .map(|state| (state.pool.subnet(), state.pool.gateway()))
    }

    /// An address for a container that is to be on the bridge.
    pub(super) fn lease(&self, container: &Container) -> Result<Option<Lease>> {
        if !self.ours || network_name(container) != "bridge" {
            return Ok(None);
        }
        let mut state = self.state();
        let state = self.opened(&mut state)?;
        let id = &container.id;
        let address = state
            .pool
            .lease(id)
            .context("find an address on the bridge")?;
        match published(container, address, &state.published) {
            Ok(published) => {
                state.published.insert(id.clone(), published.clone());
                Ok(Some(Lease {
                    endpoint: endpoint(id, address, &state.pool),
                    gateway: state.pool.gateway(),
                    published,
                }))
            }
            Err(error) => {
                state.pool.release(id);
                Err(error)
            }
        }
    }

    /// Connects a network namespace to the bridge.
    pub(super) fn connect(&self, lease: &Lease, namespace: BorrowedFd<'_>) -> Result<()> {
        network::attach(namespace, &self.bridge, &lease.endpoint)?;
        if lease.published.is_empty() {
            return Ok(());
        }
        let state = self.state();
        state
            .as_ref()
            .map_or(Ok(()), |state| self.write_rules(state))
    }

    /// Gives an address back.
    pub(super) fn release(&self, id: &str) -> Result<()> {
        let mut state = self.state();
        let Some(state) = state.as_mut() else {
            return Ok(());
        };
        state.pool.release(id);
        let had_ports = state
            .published
            .remove(id)
            .is_some_and(|ports| !ports.is_empty());
        if had_ports {
            self.write_rules(state)
        } else {
            Ok(())
        }
    }

    /// Notes what a container that lived on has.
    pub(super) fn remember(&self, container: &Container) -> Result<()> {
        let Some(address) = container.state.networks.get("bridge") else {
            return Ok(());
        };
        if !self.ours {
            return Ok(());
        }
        let mut state = self.state();
        let state = self.opened(&mut state)?;
        state.pool.lease_at(address.ip, &container.id)?;
        let publish = |port: &Published| Publish {
            host_ip: port.host_ip,
            host_port: port.host_port,
            protocol: protocol(&port.protocol).unwrap_or(Protocol::Tcp),
            to: SocketAddrV4::new(address.ip, port.private_port),
        };
        let published: Vec<_> = address.published.iter().map(publish).collect();
        state.published.insert(container.id.clone(), published);
        self.write_rules(state)
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bridge, made when it is first needed.
    fn opened<'a>(&self, state: &'a mut Option<State>) -> Result<&'a mut State> {
        if state.is_none() {
            let subnet = self.choose_subnet()?;
            let pool = Pool::new(subnet, None)?;
            network::ensure_bridge(&self.bridge, pool.gateway(), subnet.prefix)?;
            let opened = State {
                pool,
                published: BTreeMap::new(),
            };
            self.write_rules(&opened)?;
            *state = Some(opened);
        }
        state.as_mut().context("the bridge was just made")
    }

    /// The subnet that the bridge had the last time, or a free one.
    fn choose_subnet(&self) -> Result<Subnet> {
        if let Ok(text) = std::fs::read(&self.file)
            && let Ok(subnet) = serde_json::from_slice(&text)
        {
            return Ok(subnet);
        }
        let taken = network::subnets_in_use()?;
        let subnet = network::free_subnet(&taken).context("no subnet is free")?;
        let text = serde_json::to_vec(&subnet).context("write a subnet")?;
        workbench::files::write_atomic(&self.file, &text, true)?;
        Ok(subnet)
    }

    fn write_rules(&self, state: &State) -> Result<()> {
        network::set_nat(&Nat {
            networks: vec![Network {
                bridge: self.bridge.clone(),
                subnet: state.pool.subnet(),
                internal: false,
            }],
            published: state.published.values().flatten().cloned().collect(),
        })
    }
}

impl Engine {
    /// `GET /networks`.
    ///
    /// # Errors
    /// A filter that does not exist.
    pub fn networks(&self, filters: &Filters) -> Result<Vec<ApiNetwork>, Refusal> {
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
    pub fn network(&self, wanted: &str) -> Result<ApiNetwork, Refusal> {
        let all = self.networks(&Filters::default())?;
        let meant = |network: &ApiNetwork| {
            network.name == wanted || (wanted.len() > 3 && network.id.starts_with(wanted))
        };
        all.into_iter()
            .find(meant)
            .ok_or_else(|| Refusal::not_found(format!("network {wanted} not found")))
    }

    fn describe(&self, name: &str) -> ApiNetwork {
        use sha2::Digest;
        let seed = format!("{}/{name}", self.roots.data.display());
        let hash = sha2::Sha256::digest(seed.as_bytes());
        let id = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut network = ApiNetwork {
            name: name.to_owned(),
            id,
            created: "1970-01-01T00:00:00Z".into(),
            scope: "local".into(),
            driver: if name == "none" { "null" } else { name }.into(),
            enable_ipv4: true,
            ..ApiNetwork::default()
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

/// `skiff0`; for a daemon with folders of its own, another name for another bridge.
fn bridge_name(roots: &Roots) -> String {
    if roots.exec == std::path::Path::new("/run/skiff") {
        return "skiff0".to_owned();
    }
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    roots.exec.hash(&mut hasher);
    format!("skiff{:08x}", hasher.finish() & 0xffff_ffff)
}

fn endpoint(id: &str, address: Ipv4Addr, pool: &Pool) -> Endpoint {
    Endpoint {
        // 15 bytes are all that a link's name may have.
        host_name: format!("veth{}", id.get(..11).unwrap_or(id)),
        name_inside: "eth0".to_owned(),
        address,
        prefix: pool.subnet().prefix,
        gateway: Some(pool.gateway()),
        mac: Mac::of(address),
    }
}

/// The ports that a container publishes, each on a port of the host that is free.
fn published(
    container: &Container,
    address: Ipv4Addr,
    taken: &BTreeMap<String, Vec<Publish>>,
) -> Result<Vec<Publish>> {
    let mut published: Vec<Publish> = Vec::new();
    let all = container.host.publish_all_ports;
    let exposed = container.config.exposed_ports.keys().filter(|_| all);
    let any = vec![PortBinding::default()];
    let exposed = exposed.map(|port| (port, &any));
    let asked = container.host.port_bindings.iter();
    let asked = asked.filter_map(|(port, bindings)| Some((port, bindings.as_ref()?)));
    for (port, bindings) in asked.chain(exposed) {
        let (private, protocol) = parse_port(port)?;
        for binding in bindings {
            let host_ip = match binding.host_ip.as_str() {
                "" | "::" => Ipv4Addr::UNSPECIFIED,
                text => text
                    .parse()
                    .with_context(|| format!("host address {text:?}"))?,
            };
            let wanted = match binding.host_port.as_str() {
                "" => 0,
                text => text.parse().map_err(|_| {
                    Refusal::bad(format!("invalid port specification: {text:?}"))
                })?,
            };
            let others: Vec<&Publish> =
                taken.values().flatten().chain(&published).collect();
            let host_port = claim(SocketAddrV4::new(host_ip, wanted), protocol, &others)?;
            let to = SocketAddrV4::new(address, private);
            published.push(Publish {
                host_ip,
                host_port,
                protocol,
                to,
            });
        }
    }
    Ok(published)
}

/// Finds out whether nobody has the port: no container of ours, no process of the
/// host's. Port 0 asks for any.
fn claim(wanted: SocketAddrV4, protocol: Protocol, others: &[&Publish]) -> Result<u16> {
    let overlaps = |one: Ipv4Addr, other: Ipv4Addr| {
        one == other || one.is_unspecified() || other.is_unspecified()
    };
    let clash = others.iter().any(|other| {
        other.protocol == protocol
            && other.host_port == wanted.port()
            && overlaps(other.host_ip, *wanted.ip())
    });
    if clash {
        return Err(Refusal::from(anyhow::anyhow!(
            "Bind for {wanted} failed: port is already allocated"
        ))
        .into());
    }
    let bound = match protocol {
        Protocol::Tcp => TcpListener::bind(wanted).and_then(|bound| bound.local_addr()),
        Protocol::Udp => UdpSocket::bind(wanted).and_then(|bound| bound.local_addr()),
    };
    let address = bound.with_context(|| {
        format!(
            "failed to bind host port {wanted}/{}: port is already allocated",
            protocol.name()
        )
    })?;
    Ok(address.port())
}

/// `80/tcp`, `53/udp`, `80`.
fn parse_port(text: &str) -> Result<(u16, Protocol)> {
    let (port, word) = text.split_once('/').unwrap_or((text, "tcp"));
    let port = port
        .parse()
        .with_context(|| format!("invalid port {text:?}"))?;
    Ok((port, protocol(word)?))
}

fn protocol(word: &str) -> Result<Protocol> {
    match word {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        other => bail!("protocol {other:?} is not supported"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(host_ip: [u8; 4], host_port: u16) -> Publish {
        let to = SocketAddrV4::new(Ipv4Addr::new(172, 17, 0, 2), 80);
        Publish {
            host_ip: host_ip.into(),
            host_port,
            protocol: Protocol::Tcp,
            to,
        }
    }

    #[test]
    fn a_port_is_given_once() {
        let free = claim("127.0.0.1:0".parse().unwrap(), Protocol::Tcp, &[]).unwrap();
        assert_ne!(free, 0);
        let all = publish([0, 0, 0, 0], free);
        let wanted = SocketAddrV4::new(Ipv4Addr::LOCALHOST, free);
        let error = claim(wanted, Protocol::Tcp, &[&all]).unwrap_err();
        assert!(error.to_string().contains("port is already allocated"));
        assert!(claim(wanted, Protocol::Udp, &[&all]).is_ok());
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(held_at) = held.local_addr().unwrap() else {
            panic!("not v4")
        };
        let error = claim(held_at, Protocol::Tcp, &[]).unwrap_err();
        assert!(error.to_string().contains("port is already allocated"));
    }

    #[test]
    fn ports_are_read() {
        assert_eq!(parse_port("80/udp").unwrap(), (80, Protocol::Udp));
        assert_eq!(parse_port("80").unwrap(), (80, Protocol::Tcp));
        assert!(parse_port("x/tcp").is_err());
        assert!(parse_port("80/sctp").is_err());
    }
}
