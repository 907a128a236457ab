//! An interface of the host's, handed over to a container (`ip link set … netns`).
//!
//! Its Ethernet address and largest packet go with it; its addresses do not: the kernel
//! drops them on the way, and here they are given back (runtime-spec,
//! config-linux.md, "Network devices").

use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result, ensure};
use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::link::LinkAttribute;

use crate::route::{CHANGE, MAKE, Route};

/// Moves the interface `link` of the caller's network namespace into `namespace`, where
/// it is called `name`, has the addresses that it had, and is up.
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
    let mut message = host
        .link(link)
        .with_context(|| format!("look for {link}"))?
        .with_context(|| format!("there is no interface {link}"))?;
    let addresses = lasting_addresses(&host, message.header.index)?;
    message.attributes = vec![
        LinkAttribute::NetNsFd(namespace.as_raw_fd()),
        LinkAttribute::IfName(name.to_owned()),
    ];
    let call = format!("RTM_SETLINK({{{link}, to the container, as {name}}})");
    let why = "an interface is in one network namespace at a time";
    host.request(RouteNetlinkMessage::SetLink(message), CHANGE, &call, why)
        .with_context(|| format!("move {link} into the container"))?;
    let index = inside.index(name)?;
    for mut address in addresses {
        address.header.index = index;
        let shown = shown(&address);
        let call = format!("RTM_NEWADDR({{{name}, {shown}}})");
        let why = "what it was called on the network, it is called in there too";
        inside
            .request(RouteNetlinkMessage::NewAddress(address), MAKE, &call, why)
            .with_context(|| format!("give {name} the address {shown}"))?;
    }
    inside.bring_up(name, "on its way it was taken down")
}

/// The addresses that somebody has given to an interface: not those that it makes from
/// its own, nor those that end with a lease.
fn lasting_addresses(host: &Route, index: u32) -> Result<Vec<AddressMessage>> {
    /// `IFA_F_PERMANENT` of `linux/if_addr.h`.
    const PERMANENT: u8 = 0x80;
    let all = host
        .exchange(
            RouteNetlinkMessage::GetAddress(AddressMessage::default()),
            NLM_F_DUMP,
        )
        .context("list the addresses")?;
    let mut lasting = Vec::new();
    for answer in all {
        let RouteNetlinkMessage::NewAddress(mut address) = answer else {
            continue;
        };
        let header = &address.header;
        let permanent = header.flags.bits() & PERMANENT != 0;
        if header.index == index && header.scope == AddressScope::Universe && permanent {
            // A label is the interface's old name.
            address.attributes.retain(|one| {
                matches!(
                    one,
                    AddressAttribute::Local(_)
                        | AddressAttribute::Address(_)
                        | AddressAttribute::Broadcast(_)
                )
            });
            lasting.push(address);
        }
    }
    Ok(lasting)
}

fn shown(address: &AddressMessage) -> String {
    let own = address.attributes.iter().find_map(|one| match one {
        AddressAttribute::Local(own) | AddressAttribute::Address(own) => Some(*own),
        _ => None,
    });
    let own = own.map_or("?".to_owned(), |own| own.to_string());
    format!("{own}/{}", address.header.prefix_len)
}
