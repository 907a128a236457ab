//! An interface of the host's, handed over to a container (`ip link set … netns`).
//!
//! Its Ethernet address and largest packet go with it; its addresses do not: the kernel
//! drops them on the way, and here they are given back (runtime-spec,
//! config-linux.md, "Network devices").

use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result, ensure};

use crate::netlink::Attributes;
use crate::route::{Address, Link, Request, Route};

/// Moves the interface `link` of the caller's network namespace into `namespace`, where
/// it is called `name`, has the addresses that it had, and is up. A `%d` in the name
/// stands for the first number that makes a name which is free there.
///
/// # Errors
/// When it is not there, its new name is taken or too long, or the caller has no
/// `CAP_NET_ADMIN` over either namespace.
pub fn hand_over(link: &str, namespace: BorrowedFd<'_>, name: &str) -> Result<()> {
    let good = |name: &str| {
        let odd = |c: char| c == '/' || c == ':' || c.is_whitespace();
        (1..16).contains(&name.len())
            && name != "."
            && name != ".."
            && !name.contains(odd)
    };
    ensure!(good(name), "{name:?} is no name of an interface");
    let (host, inside) = (Route::open()?, Route::open_in(namespace)?);
    let taken = inside.link(name).context("look into the container")?;
    ensure!(
        taken.is_none(),
        "the container has an interface {name} already"
    );
    let index = host.index(link)?;
    let addresses = lasting_addresses(&host, index)?;
    let known = inside.links().context("look into the container")?;
    let to = namespace.as_raw_fd().cast_unsigned();
    let mut moved = Link::named(name).with(|all| all.number(libc::IFLA_NET_NS_FD, to));
    moved.index = index;
    let call = format!("RTM_SETLINK({{{link}, to the container, as {name}}})");
    let why = "an interface is in one network namespace at a time";
    host.tell(&Request::about(libc::RTM_SETLINK, moved.body()), &call, why)
        .with_context(|| format!("move {link} into the container"))?;
    let arrived = arrival(&inside, name, &known)?;
    let (index, name) = (arrived.index, arrived.name().context("it has no name")?);
    for mut address in addresses {
        address.index = index;
        let request = Request::make(libc::RTM_NEWADDR, address.body());
        let call = format!("RTM_NEWADDR({{{name}, {address}}})");
        let why = "what it was called on the network, it is called in there too";
        inside
            .tell(&request, &call, why)
            .with_context(|| format!("give {name} the address {address}"))?;
    }
    inside.bring_up(&name, "on its way it was taken down")
}

/// The interface as it is in there: by its name, or where that was the kernel's to
/// choose, by not being among those that were `known` before.
fn arrival(inside: &Route, name: &str, known: &[Link]) -> Result<Link> {
    let Some((stem, _)) = name.split_once('%') else {
        let found = inside.link(name).context("look into the container")?;
        return found.with_context(|| format!("there is no interface {name}"));
    };
    let is_known = |link: &Link| known.iter().any(|other| other.index == link.index);
    let is_so_called = |link: &Link| link.name().is_some_and(|it| it.starts_with(stem));
    let mut links = inside.links().context("look into the container")?;
    links.retain(|link| !is_known(link) && is_so_called(link));
    let found = links.into_iter().next();
    found.with_context(|| format!("there is no interface {name}"))
}

/// The addresses that somebody has given to an interface: not those that it makes from
/// its own, nor those that end with a lease.
fn lasting_addresses(host: &Route, index: u32) -> Result<Vec<Address>> {
    let mut lasting = host.addresses(index)?;
    lasting.retain(|address| {
        let permanent = u32::from(address.flags) & libc::IFA_F_PERMANENT != 0;
        address.scope == libc::RT_SCOPE_UNIVERSE && permanent
    });
    for address in &mut lasting {
        address.attributes = what_it_is(&address.attributes);
    }
    Ok(lasting)
}

/// The attributes that are the address itself. A label is the interface's old name, and
/// the rest the kernel counts anew.
fn what_it_is(all: &Attributes) -> Attributes {
    let kept = [libc::IFA_LOCAL, libc::IFA_ADDRESS, libc::IFA_BROADCAST];
    all.iter()
        .filter(|(kind, _)| kept.contains(kind))
        .fold(Attributes::default(), |all, (kind, value)| {
            all.bytes(kind, value)
        })
}
