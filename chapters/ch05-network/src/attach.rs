//! A container's connection: a pair of interfaces, one end in the container, the
//! other in the bridge (veth(4)).

use std::fmt;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, InfoVeth,
    LinkAttribute, LinkInfo, LinkMessage,
};

use crate::route::{CHANGE, MAKE, Route, named};

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address that docker gives an interface with this one: locally administered
    /// (02:42), and so never two machines' of one network.
    #[must_use]
    pub fn of(address: Ipv4Addr) -> Self {
        let [a, b, c, d] = address.octets();
        Self([0x02, 0x42, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(to, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// How a container is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name of the host's end: at most 15 bytes, and nobody else's.
    pub host_name: String,
    /// The name of the container's end, like `eth0`.
    pub name_inside: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// The length of its network's prefix.
    pub prefix: u8,
    /// Where all goes that is not for a neighbour; `None` for a network without a way
    /// out, and for a second one.
    pub gateway: Option<Ipv4Addr>,
    /// Its Ethernet address.
    pub mac: Mac,
}

/// Connects a network namespace to a bridge. When it fails, nothing is left.
///
/// # Errors
/// When a name is taken, the bridge is not there, or the caller has no
/// `CAP_NET_ADMIN` over either namespace.
// ANCHOR: attach
pub fn attach(
    namespace: BorrowedFd<'_>,
    bridge: &str,
    endpoint: &Endpoint,
) -> Result<()> {
    let host = Route::open()?;
    let inside = Route::open_in(namespace)?;
    let pair = pair(host.index(bridge)?, namespace, endpoint);
    let Endpoint {
        host_name,
        name_inside,
        ..
    } = endpoint;
    let call = format!(
        "RTM_NEWLINK({{{host_name}, veth, master {bridge}, up}}, \
         {{{name_inside}, in the container, {}}})",
        endpoint.mac
    );
    let why = "a cable with both ends plugged in: it never lay on the host";
    host.request(RouteNetlinkMessage::NewLink(pair), MAKE, &call, why)
        .with_context(|| format!("make the pair {host_name} and {name_inside}"))?;
    let configured =
        allow_return(&host, host_name).and_then(|()| configure(&inside, endpoint));
    if configured.is_err() {
        let _ = host.remove_link(host_name);
    }
    configured
}
// ANCHOR_END: attach

/// The whole pair is one message: the other end is an attribute of the first one, and
/// carries the namespace that it is to be made in (`IFLA_NET_NS_FD`).
// ANCHOR: pair
fn pair(bridge: u32, namespace: BorrowedFd<'_>, endpoint: &Endpoint) -> LinkMessage {
    let mut inner = named(&endpoint.name_inside, false);
    inner.attributes.extend([
        LinkAttribute::NetNsFd(namespace.as_raw_fd()),
        LinkAttribute::Address(endpoint.mac.0.to_vec()),
    ]);
    let mut outer = named(&endpoint.host_name, true);
    outer.attributes.extend([
        LinkAttribute::Controller(bridge),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(inner))),
        ]),
    ]);
    outer
}
// ANCHOR_END: pair

/// A switch sends nothing back through the port that it came from. It must, when a
/// container goes to its own published port and the bridge itself applies the rules
/// (`br_netfilter`, which docker loads for the whole machine).
fn allow_return(host: &Route, host_name: &str) -> Result<()> {
    let mut port = named(host_name, false);
    port.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::PortKind(InfoPortKind::Bridge),
        LinkInfo::PortData(InfoPortData::BridgePort(vec![InfoBridgePort::HairpinMode(
            true,
        )])),
    ]));
    let call = format!("RTM_NEWLINK({{{host_name}, hairpin on}})");
    let why = "a container may come back to itself by its published port";
    host.request(RouteNetlinkMessage::NewLink(port), CHANGE, &call, why)
        .with_context(|| format!("set the bridge port {host_name} to hairpin"))
}

fn configure(inside: &Route, endpoint: &Endpoint) -> Result<()> {
    let index = inside.index(&endpoint.name_inside)?;
    inside.add_address(index, endpoint.address, endpoint.prefix)?;
    // Not with the message that made it: an end is up only when it has another one.
    inside.bring_up(
        &endpoint.name_inside,
        "the container's end; the host's is up",
    )?;
    match endpoint.gateway {
        Some(gateway) => inside.add_default_route(gateway),
        None => Ok(()),
    }
}

/// Takes the cable away, while the container goes on; when the container's namespace
/// ends, it goes by itself. One that is gone is no error.
///
/// # Errors
/// When the caller may not.
pub fn detach(host_name: &str) -> Result<()> {
    Route::open()?.remove_link(host_name)
}
