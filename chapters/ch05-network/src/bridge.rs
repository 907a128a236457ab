//! The switch to which a host's containers are connected (`Documentation/networking/
//! bridge.rst`).
//!
//! A bridge with an address is two things at once: the switch, and the host's own
//! interface to it. That address is the containers' gateway.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkInfo};
use nix::errno::Errno;

use crate::attach::Mac;
use crate::route::{MAKE, Route, kind_of, named};

/// Makes the bridge `name`, up and with the gateway's address, unless it is there.
///
/// # Errors
/// When an interface of this name is no bridge, or has another address; when the
/// caller has no `CAP_NET_ADMIN` over its network namespace.
// ANCHOR: ensure_bridge
pub fn ensure_bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    let route = Route::open()?;
    let mut bridge = named(name, true);
    bridge.attributes.extend([
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
        // Without one of its own, a bridge takes the lowest of its ports', and with
        // each container that comes or goes the neighbours would have to learn again.
        LinkAttribute::Address(Mac::of(gateway).0.to_vec()),
    ]);
    let call = format!("RTM_NEWLINK({{{name}, bridge, up}})");
    let why = "a switch, and the host's own interface to it";
    let bridge = RouteNetlinkMessage::NewLink(bridge);
    match route.request(bridge, MAKE, &call, why) {
        Ok(()) => {}
        Err(Errno::EEXIST) => check(&route, name, gateway, prefix)?,
        Err(errno) => {
            return Err(errno).with_context(|| format!("make the bridge {name}"));
        }
    }
    route.add_address(route.index(name)?, gateway, prefix)
}
// ANCHOR_END: ensure_bridge

/// Makes sure that what is there is what is wanted, and up.
fn check(route: &Route, name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    let link = route.link(name)?.context("it was there a moment ago")?;
    if kind_of(&link) != Some(&InfoKind::Bridge) {
        bail!("the interface {name} is there, and it is no bridge");
    }
    let addresses = route.addresses(link.header.index)?;
    if let Some((address, length)) = addresses.first()
        && !addresses.contains(&(gateway, prefix))
    {
        bail!("the bridge {name} is there, with {address}/{length}");
    }
    route.bring_up(name, "it was there already, perhaps down")
}

/// Removes the bridge; one that is gone is no error. Its ports stay, unconnected.
///
/// # Errors
/// When the caller may not.
pub fn remove_bridge(name: &str) -> Result<()> {
    Route::open()?.remove_link(name)
}
