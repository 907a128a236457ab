//! A conversation with the kernel about links, addresses and routes (rtnetlink(7)).
//!
//! Each request is one message and is acknowledged before the next one is sent, so a
//! refusal belongs to the request that caused it.

use std::net::Ipv4Addr;
use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, bail};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use workbench::steps::step;

use crate::pool::Subnet;

/// A request that makes something, and one that changes what is there.
pub(crate) const MAKE: u16 = NLM_F_CREATE | NLM_F_EXCL;
const CHANGE: u16 = 0;

/// The main routing table (`RT_TABLE_MAIN`).
const MAIN: u8 = 254;

/// A socket to the kernel, in the network namespace where it was opened.
pub(crate) struct Route(Socket);

impl Route {
    /// A socket in the caller's network namespace.
    pub(crate) fn open() -> Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).context("open a netlink socket")?;
        socket.bind_auto().context("bind the netlink socket")?;
        let kernel = SocketAddr::new(0, 0);
        socket.connect(&kernel).context("connect to the kernel")?;
        Ok(Self(socket))
    }

    /// A socket in another network namespace. A socket stays where it was made, so a
    /// thread goes there, opens it, and ends; this one never leaves.
    // ANCHOR: open_in
    pub(crate) fn open_in(namespace: BorrowedFd<'_>) -> Result<Self> {
        let opened = std::thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET)
                    .context("enter the network namespace")?;
                Self::open()
            });
            visitor.join()
        });
        let Ok(answer) = opened else {
            bail!("the thread in the network namespace panicked");
        };
        answer
    }
    // ANCHOR_END: open_in

    /// Sends one request, announced as `call`, and waits for its acknowledgement.
    pub(crate) fn request(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
        call: &str,
        why: &str,
    ) -> nix::Result<()> {
        step(5, format_args!("{call}"), why, || {
            self.exchange(message, flags | NLM_F_ACK).map(drop)
        })
    }

    /// Sends a message and collects what comes back, up to its end.
    fn exchange(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> nix::Result<Vec<RouteNetlinkMessage>> {
        let mut header = NetlinkHeader::default();
        header.flags = flags | NLM_F_REQUEST;
        let mut message =
            NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.0.send(&bytes, 0).map_err(errno)?;
        let mut answers = Vec::new();
        loop {
            let (datagram, _) = self.0.recv_from_full().map_err(errno)?;
            if take(&datagram, &mut answers)? || flags & (NLM_F_ACK | NLM_F_DUMP) == 0 {
                return Ok(answers);
            }
        }
    }

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
                    AddressAttribute::Local(std::net::IpAddr::V4(v4)) => Some(*v4),
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

/// Reads the messages of one datagram; true when they end the answer.
fn take(datagram: &[u8], answers: &mut Vec<RouteNetlinkMessage>) -> nix::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
            .map_err(|_| Errno::EBADMSG)?;
        // Each message is padded to four bytes, but the last one need not be.
        let length = (message.header.length as usize).next_multiple_of(4);
        match message.payload {
            NetlinkPayload::InnerMessage(answer) => answers.push(answer),
            NetlinkPayload::Error(error) => match error.code {
                Some(code) => return Err(Errno::from_raw(code.get().saturating_neg())),
                None => return Ok(true),
            },
            NetlinkPayload::Done(_) => return Ok(true),
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(false)
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
