//! What is asked of the kernel: links, addresses and routes made, found, removed.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};
use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;

use super::{CHANGE, MAKE, Route};
use crate::subnet::Subnet;

/// The main routing table (`RT_TABLE_MAIN`).
const MAIN: u8 = 254;

impl Route {
    /// The interface of this name, if there is one.
    pub(crate) fn link(&self, name: &str) -> nix::Result<Option<LinkMessage>> {
        let mut message = LinkMessage::default();
        let name = LinkAttribute::IfName(name.to_owned());
        message.attributes.push(name);
        match self.exchange(RouteNetlinkMessage::GetLink(message), 0) {
            Ok(answers) => Ok(answers.into_iter().find_map(|answer| match answer {
                RouteNetlinkMessage::NewLink(link) => Some(link),
                _ => None,
            })),
            Err(Errno::ENODEV) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The number of an interface that must be there.
    pub(crate) fn index(&self, name: &str) -> Result<u32> {
        let link = self
            .link(name)
            .with_context(|| format!("look for {name}"))?;
        let link = link.with_context(|| format!("there is no interface {name}"))?;
        Ok(link.header.index)
    }

    /// The version 4 addresses of an interface.
    pub(crate) fn addresses(&self, index: u32) -> Result<Vec<(Ipv4Addr, u8)>> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        let answers = self
            .exchange(RouteNetlinkMessage::GetAddress(message), NLM_F_DUMP)
            .context("list the addresses")?;
        let address = |answer| match answer {
            RouteNetlinkMessage::NewAddress(a) if a.header.index == index => {
                let local = a.attributes.iter().find_map(|attribute| match attribute {
                    AddressAttribute::Local(IpAddr::V4(v4)) => Some(*v4),
                    _ => None,
                });
                local.map(|local| (local, a.header.prefix_len))
            }
            _ => None,
        };
        Ok(answers.into_iter().filter_map(address).collect())
    }

    /// Gives an interface an address.
    pub(crate) fn add_address(
        &self,
        index: u32,
        address: Ipv4Addr,
        prefix: u8,
    ) -> Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = prefix;
        message.header.index = index;
        let broadcast = Subnet::around(address, prefix).broadcast();
        message.attributes = vec![
            AddressAttribute::Local(address.into()),
            AddressAttribute::Address(address.into()),
            AddressAttribute::Broadcast(broadcast),
        ];
        let call = format!("RTM_NEWADDR({{index {index}, {address}/{prefix}}})");
        let why = "with the address comes the route to its neighbours";
        self.request(RouteNetlinkMessage::NewAddress(message), MAKE, &call, why)
            .or_else(|errno| {
                if errno == Errno::EEXIST {
                    Ok(())
                } else {
                    Err(errno)
                }
            })
            .with_context(|| format!("give interface {index} the address {address}"))
    }

    /// Sends all that has no other route to `gateway`.
    pub(crate) fn add_default_route(&self, gateway: Ipv4Addr) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.table = MAIN;
        message.header.protocol = RouteProtocol::Boot;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message.attributes = vec![RouteAttribute::Gateway(RouteAddress::Inet(gateway))];
        let call = format!("RTM_NEWROUTE({{default via {gateway}}})");
        let why = "whatever is not a neighbour is the gateway's to forward";
        self.request(RouteNetlinkMessage::NewRoute(message), MAKE, &call, why)
            .with_context(|| format!("make {gateway} the default route"))
    }

    /// Brings an interface up.
    pub(crate) fn bring_up(&self, name: &str, why: &str) -> Result<()> {
        let call = format!("RTM_SETLINK({{{name}, up}})");
        let message = RouteNetlinkMessage::SetLink(named(name, true));
        self.request(message, CHANGE, &call, why)
            .with_context(|| format!("bring {name} up"))
    }

    /// Removes an interface; one that is gone is no error.
    pub(crate) fn remove_link(&self, name: &str) -> Result<()> {
        let mut message = LinkMessage::default();
        message
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        let call = format!("RTM_DELLINK({{{name}}})");
        let why = "its addresses, routes and, for a pair, its other end go with it";
        self.request(RouteNetlinkMessage::DelLink(message), CHANGE, &call, why)
            .or_else(|errno| {
                if errno == Errno::ENODEV {
                    Ok(())
                } else {
                    Err(errno)
                }
            })
            .with_context(|| format!("remove the interface {name}"))
    }

    /// The subnets that this namespace has routes to.
    pub(crate) fn subnets(&self) -> Result<Vec<Subnet>> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        let answers = self
            .exchange(RouteNetlinkMessage::GetRoute(message), NLM_F_DUMP)
            .context("list the routes")?;
        let subnet = |answer| match answer {
            RouteNetlinkMessage::NewRoute(route) if route.header.table == MAIN => {
                let prefix = route.header.destination_prefix_length;
                route
                    .attributes
                    .iter()
                    .find_map(|attribute| match attribute {
                        RouteAttribute::Destination(RouteAddress::Inet(address)) => {
                            Some(Subnet::around(*address, prefix))
                        }
                        _ => None,
                    })
            }
            _ => None,
        };
        Ok(answers.into_iter().filter_map(subnet).collect())
    }
}

/// The subnets that the host can reach without its default route: a new network must
/// overlap none of them.
///
/// # Errors
/// When the kernel does not list its routes.
pub fn subnets_in_use() -> Result<Vec<Subnet>> {
    Route::open()?.subnets()
}

/// A link to make or to change: its name, whether it is up.
pub(crate) fn named(name: &str, up: bool) -> LinkMessage {
    let mut message = LinkMessage::default();
    message
        .attributes
        .push(LinkAttribute::IfName(name.to_owned()));
    if up {
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
    }
    message
}

/// What kind of interface a link is, if it is not plain hardware.
pub(crate) fn kind_of(link: &LinkMessage) -> Option<&InfoKind> {
    let infos = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::LinkInfo(infos) => Some(infos),
            _ => None,
        });
    infos?.iter().find_map(|info| match info {
        LinkInfo::Kind(kind) => Some(kind),
        _ => None,
    })
}
