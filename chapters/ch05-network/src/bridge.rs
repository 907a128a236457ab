//! The switch to which a host's containers are connected (`Documentation/networking/
//! bridge.rst`).
//!
//! A bridge with an address is two things at once: the switch, and the host's own
//! interface to it. That address is the containers' gateway.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;

use crate::attach::Mac;
use crate::netlink::Attributes;
use crate::route::{Link, Request, Route};

/// Makes the bridge `name`, up and with the gateway's address, unless it is there.
///
/// # Errors
/// When an interface of this name is no bridge, or has another address; when the
/// caller has no `CAP_NET_ADMIN` over its network namespace.
// ANCHOR: ensure_bridge
pub fn ensure_bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    let route = Route::open()?;
    let kind = Attributes::default().text(libc::IFLA_INFO_KIND, "bridge");
    let bridge = Link::named(name).up().with(|all| {
        // Without an address of its own, a bridge takes the lowest of its ports', and
        // with each container that comes or goes the neighbours would have to learn
        // again.
        all.nested(libc::IFLA_LINKINFO, kind)
            .bytes(libc::IFLA_ADDRESS, &Mac::of(gateway).0)
    });
    let call = format!("RTM_NEWLINK({{{name}, bridge, up}})");
    let why = "a switch, and the host's own interface to it";
    let request = Request::make(libc::RTM_NEWLINK, bridge.body());
    match route.tell(&request, &call, why) {
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
    if link.kind().as_deref() != Some("bridge") {
        bail!("the interface {name} is there, and it is no bridge");
    }
    let addresses = route.addresses(link.index)?.into_iter();
    let addresses: Vec<_> = addresses
        .filter_map(|one| Some((one.local()?, one.prefix)))
        .collect();
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
