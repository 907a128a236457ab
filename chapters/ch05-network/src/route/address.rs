//! Addresses of interfaces, as messages have them (`<linux/if_addr.h>`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::netlink::{Attributes, number};
use crate::subnet::Subnet;

/// An address of an interface: `struct ifaddrmsg` and attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `AF_INET` or `AF_INET6`.
    pub(crate) family: u8,
    /// The length of its network's prefix.
    pub(crate) prefix: u8,
    /// `IFA_F_…`, those of the first byte.
    pub(crate) flags: u8,
    /// How far it is good for (`RT_SCOPE_…`).
    pub(crate) scope: u8,
    /// The interface's number.
    pub(crate) index: u32,
    /// The address itself, and what else there is to say (`IFA_…`).
    pub(crate) attributes: Attributes,
}

impl Address {
    /// An address that an interface is to have, for good and for everybody.
    pub(crate) fn new(index: u32, address: Ipv4Addr, prefix: u8) -> Self {
        let broadcast = Subnet::around(address, prefix).broadcast();
        let attributes = Attributes::default()
            .bytes(libc::IFA_LOCAL, &address.octets())
            // At the other end of a line this would be the neighbour's.
            .bytes(libc::IFA_ADDRESS, &address.octets())
            .bytes(libc::IFA_BROADCAST, &broadcast.octets());
        Self {
            family: libc::AF_INET as u8,
            prefix,
            flags: 0,
            scope: libc::RT_SCOPE_UNIVERSE,
            index,
            attributes,
        }
    }

    /// As the body of a message.
    pub(crate) fn body(&self) -> Vec<u8> {
        [
            [self.family, self.prefix, self.flags, self.scope].as_slice(),
            &self.index.to_ne_bytes(),
            self.attributes.sent(),
        ]
        .concat()
    }

    /// From the body of a message.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let [family, prefix, flags, scope] = *body.first_chunk()?;
        Some(Self {
            family,
            prefix,
            flags,
            scope,
            index: number(body, 4)?,
            attributes: Attributes::received(body.get(8..)?),
        })
    }

    /// The interface's own version 4 address.
    pub(crate) fn local(&self) -> Option<Ipv4Addr> {
        let four: [u8; 4] = self.attributes.get(libc::IFA_LOCAL)?.try_into().ok()?;
        Some(four.into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.attributes.iter();
        let own = all.find_map(|(kind, value)| match kind {
            libc::IFA_LOCAL | libc::IFA_ADDRESS => ip(value),
            _ => None,
        });
        match own {
            Some(own) => write!(to, "{own}/{}", self.prefix),
            None => write!(to, "?/{}", self.prefix),
        }
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| sixteen()).ok()
}
