//! The bridge that containers share, and who has which address in it.
//!
//! Only a daemon that is really root has it: links and rules of the host are nobody
//! else's. Leases are not kept in a file of their own: a container's address is in its
//! state, and a new daemon reads them from there.

mod about;
mod ports;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use network::{Endpoint, Mac, Nat, Network, Pool, Protocol, Publish, Subnet};
use nix::errno::Errno;

use super::Roots;
use crate::core::Container;
use crate::core::container::{Address, Published};
use crate::core::list::network_name;

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
        match ports::published(container, address, &state.published) {
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
        let attach = || network::attach(namespace, &self.bridge, &lease.endpoint);
        attach().or_else(|error| match error.downcast_ref() {
            // The name is this container's own: the cable of its last run, which the
            // kernel takes away with that namespace, but not at once.
            Some(Errno::EEXIST) => {
                network::detach(&lease.endpoint.host_name)?;
                attach()
            }
            _ => Err(error),
        })?;
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
            protocol: ports::protocol(&port.protocol).unwrap_or(Protocol::Tcp),
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
        // A table of this bridge's own: another daemon's rules are not touched.
        let nat = Nat {
            networks: vec![Network {
                bridge: self.bridge.clone(),
                subnet: state.pool.subnet(),
                internal: false,
            }],
            published: state.published.values().flatten().cloned().collect(),
        };
        network::set_nat_in(&self.bridge, &nat)
    }

    /// Takes the bridge and its rules away; for when nobody is connected.
    pub(super) fn remove(&self) -> Result<()> {
        let Some(_) = self.state().take() else {
            return Ok(());
        };
        let bridge = network::remove_bridge(&self.bridge);
        network::remove_nat_in(&self.bridge).and(bridge)
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
