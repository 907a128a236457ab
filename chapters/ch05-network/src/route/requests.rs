//! What is asked of the kernel: links, addresses and routes made, found, removed.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

use super::{Address, Link, Request, Route};
use crate::netlink::Attributes;
use crate::subnet::Subnet;

/// The length of `struct rtmsg`, with which a route begins (`<linux/rtnetlink.h>`).
const ROUTE: usize = 12;

impl Route {
    /// The interface of this name, if there is one.
    pub(crate) fn link(&self, name: &str) -> nix::Result<Option<Link>> {
        let request = Request::about(libc::RTM_GETLINK, Link::named(name).body());
        match self.ask(&request) {
            Ok(answers) => Ok(answers
                .iter()
                .filter(|answer| answer.kind == libc::RTM_NEWLINK)
                .find_map(|answer| Link::read(&answer.body))),
            Err(Errno::ENODEV) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// All interfaces.
    pub(crate) fn links(&self) -> nix::Result<Vec<Link>> {
        let request = Request::list(libc::RTM_GETLINK, Link::default().body());
        let answers = self.ask(&request)?;
        let links = answers.iter().filter(|it| it.kind == libc::RTM_NEWLINK);
        Ok(links.filter_map(|it| Link::read(&it.body)).collect())
    }

    /// The number of an interface that must be there.
    pub(crate) fn index(&self, name: &str) -> Result<u32> {
        let link = self
            .link(name)
            .with_context(|| format!("look for {name}"))?;
        let link = link.with_context(|| format!("there is no interface {name}"))?;
        Ok(link.index)
    }

    /// The addresses of an interface.
    pub(crate) fn addresses(&self, index: u32) -> Result<Vec<Address>> {
        // Of any family, of any interface: the kernel gives no smaller list.
        let request = Request::list(libc::RTM_GETADDR, vec![0; 8]);
        let answers = self.ask(&request).context("list the addresses")?;
        Ok(answers
            .iter()
            .filter(|answer| answer.kind == libc::RTM_NEWADDR)
            .filter_map(|answer| Address::read(&answer.body))
            .filter(|address| address.index == index)
            .collect())
    }

    /// Gives an interface an address.
    pub(crate) fn add_address(
        &self,
        index: u32,
        address: Ipv4Addr,
        prefix: u8,
    ) -> Result<()> {
        let wanted = Address::new(index, address, prefix);
        let request = Request::make(libc::RTM_NEWADDR, wanted.body());
        let call = format!("RTM_NEWADDR({{index {index}, {address}/{prefix}}})");
        let why = "with the address comes the route to its neighbours";
        self.tell(&request, &call, why)
            .or_else(|errno| unless(Errno::EEXIST, errno))
            .with_context(|| format!("give interface {index} the address {address}"))
    }

    /// Sends all that has no other route to `gateway`.
    pub(crate) fn add_default_route(&self, gateway: Ipv4Addr) -> Result<()> {
        let request = Request::make(libc::RTM_NEWROUTE, default_via(gateway));
        let call = format!("RTM_NEWROUTE({{default via {gateway}}})");
        let why = "whatever is not a neighbour is the gateway's to forward";
        self.tell(&request, &call, why)
            .with_context(|| format!("make {gateway} the default route"))
    }

    /// Brings an interface up.
    pub(crate) fn bring_up(&self, name: &str, why: &str) -> Result<()> {
        let request = Request::about(libc::RTM_SETLINK, Link::named(name).up().body());
        let call = format!("RTM_SETLINK({{{name}, up}})");
        self.tell(&request, &call, why)
            .with_context(|| format!("bring {name} up"))
    }

    /// Removes an interface; one that is gone is no error.
    pub(crate) fn remove_link(&self, name: &str) -> Result<()> {
        let request = Request::about(libc::RTM_DELLINK, Link::named(name).body());
        let call = format!("RTM_DELLINK({{{name}}})");
        let why = "its addresses, routes and, for a pair, its other end go with it";
        self.tell(&request, &call, why)
            .or_else(|errno| unless(Errno::ENODEV, errno))
            .with_context(|| format!("remove the interface {name}"))
    }

    /// The subnets that this namespace has routes to.
    pub(crate) fn subnets(&self) -> Result<Vec<Subnet>> {
        let mut any = vec![0; ROUTE];
        any[0] = libc::AF_INET as u8;
        let answers = self
            .ask(&Request::list(libc::RTM_GETROUTE, any))
            .context("list the routes")?;
        Ok(answers
            .iter()
            .filter(|answer| answer.kind == libc::RTM_NEWROUTE)
            .filter_map(|answer| destination(&answer.body))
            .collect())
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

/// No error if it is the one that does not matter.
fn unless(harmless: Errno, errno: Errno) -> nix::Result<()> {
    if errno == harmless {
        Ok(())
    } else {
        Err(errno)
    }
}

/// The route to anywhere, by way of `gateway`: `struct rtmsg` and its attribute.
pub(super) fn default_via(gateway: Ipv4Addr) -> Vec<u8> {
    let rest = Attributes::default().bytes(libc::RTA_GATEWAY, &gateway.octets());
    [
        // The family; of destination, source and service no bit.
        [libc::AF_INET as u8, 0, 0, 0].as_slice(),
        &[
            libc::RT_TABLE_MAIN,
            libc::RTPROT_BOOT,
            libc::RT_SCOPE_UNIVERSE,
            libc::RTN_UNICAST,
        ],
        // Flags.
        &[0; 4],
        rest.sent(),
    ]
    .concat()
}

/// Where a route of the main table leads, unless it is the default one.
pub(super) fn destination(route: &[u8]) -> Option<Subnet> {
    let [_family, prefix, _source, _service, table] = *route.first_chunk()?;
    if table != libc::RT_TABLE_MAIN {
        return None;
    }
    let attributes = Attributes::received(route.get(ROUTE..)?);
    let address: [u8; 4] = attributes.get(libc::RTA_DST)?.try_into().ok()?;
    Some(Subnet::around(address.into(), prefix))
}
