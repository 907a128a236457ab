//! A container's connection: a pair of interfaces, one end in the container, the
//! other in the bridge (veth(4)).

use std::fmt;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result};

use crate::netlink::Attributes;
use crate::route::{Link, Request, Route};

/// In a veth's data: the other end (`<linux/veth.h>`).
const VETH_INFO_PEER: u16 = 1;
/// In a bridge port's data: whether it sends back what came from it (`<linux/if_link.h>`).
const IFLA_BRPORT_MODE: u16 = 4;

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
    host.tell(&Request::make(libc::RTM_NEWLINK, pair.body()), &call, why)
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
fn pair(bridge: u32, namespace: BorrowedFd<'_>, endpoint: &Endpoint) -> Link {
    let namespace = namespace.as_raw_fd().cast_unsigned();
    let inner = Link::named(&endpoint.name_inside).with(|all| {
        all.number(libc::IFLA_NET_NS_FD, namespace)
            .bytes(libc::IFLA_ADDRESS, &endpoint.mac.0)
    });
    let other_end = Attributes::default().bytes(VETH_INFO_PEER, &inner.body());
    let veth = Attributes::default()
        .text(libc::IFLA_INFO_KIND, "veth")
        .nested(libc::IFLA_INFO_DATA, other_end);
    Link::named(&endpoint.host_name).up().with(|all| {
        all.number(libc::IFLA_MASTER, bridge)
            .nested(libc::IFLA_LINKINFO, veth)
    })
}
// ANCHOR_END: pair

/// A switch sends nothing back through the port that it came from. It must, when a
/// container goes to its own published port and the bridge itself applies the rules
/// (`br_netfilter`, which docker loads for the whole machine).
fn allow_return(host: &Route, host_name: &str) -> Result<()> {
    let hairpin = Attributes::default().bytes(IFLA_BRPORT_MODE, &[1]);
    let bridged = Attributes::default()
        .text(libc::IFLA_INFO_SLAVE_KIND, "bridge")
        .nested(libc::IFLA_INFO_SLAVE_DATA, hairpin);
    let port =
        Link::named(host_name).with(|all| all.nested(libc::IFLA_LINKINFO, bridged));
    let call = format!("RTM_NEWLINK({{{host_name}, hairpin on}})");
    let why = "a container may come back to itself by its published port";
    host.tell(&Request::about(libc::RTM_NEWLINK, port.body()), &call, why)
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

#[cfg(test)]
mod tests {
    use std::io::stdin;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_other_end_is_a_link_inside_an_attribute() {
        let endpoint = Endpoint {
            host_name: "v0".into(),
            name_inside: "eth0".into(),
            address: Ipv4Addr::new(10, 0, 0, 2),
            prefix: 24,
            gateway: None,
            mac: Mac([2, 0x42, 10, 0, 0, 2]),
        };
        // The descriptor's number is all that is sent of it.
        let pair = pair(5, stdin().as_fd(), &endpoint);
        let expected = [
            // Up, of what may change only that (`struct ifinfomsg`); IFLA_IFNAME,
            // IFLA_MASTER.
            &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0][..],
            &[7, 0, 3, 0, b'v', b'0', 0, 0, 8, 0, 10, 0, 5, 0, 0, 0],
            // IFLA_LINKINFO, and in it IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER.
            &[
                72, 0, 18, 0x80, 9, 0, 1, 0, b'v', b'e', b't', b'h', 0, 0, 0, 0,
            ],
            &[56, 0, 2, 0x80, 52, 0, 1, 0],
            // The other link: IFLA_IFNAME, IFLA_NET_NS_FD, IFLA_ADDRESS.
            &[0; 16],
            &[9, 0, 3, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0],
            &[8, 0, 28, 0, 0, 0, 0, 0],
            &[10, 0, 1, 0, 2, 0x42, 10, 0, 0, 2, 0, 0],
        ];
        assert_eq!(pair.body(), expected.concat());
    }
}
