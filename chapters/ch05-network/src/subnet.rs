//! Subnets: ranges of addresses that begin with the same bits (RFC 4632).

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A network's addresses, like `172.30.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    /// The first address: the network itself.
    pub address: Ipv4Addr,
    /// How many bits of it are the network's.
    pub prefix: u8,
}

impl Subnet {
    /// The subnet that `address` is in, if it is this large.
    #[must_use]
    pub fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        let address = Ipv4Addr::from_bits(address.to_bits() & mask(prefix));
        Self { address, prefix }
    }

    /// The bits that are the network's, as an address.
    #[must_use]
    pub fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(mask(self.prefix))
    }

    /// The last address, which means all.
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() | !mask(self.prefix))
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.address.to_bits()
    }

    /// Whether an address could be two networks'.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || format!("{text:?} is no subnet like 172.30.0.0/16");
        let (address, prefix) = text.split_once('/').with_context(wrong)?;
        let prefix = prefix
            .parse()
            .ok()
            .filter(|n| *n <= 32)
            .with_context(wrong)?;
        Ok(Self::around(address.parse().with_context(wrong)?, prefix))
    }
}

impl TryFrom<String> for Subnet {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

/// A subnet for a new network that overlaps none of `taken`: the ranges that docker
/// uses by default (172.17 to 172.31, each a /16, then 192.168 in parts of /20).
#[must_use]
pub fn free_subnet(taken: &[Subnet]) -> Option<Subnet> {
    let large = (17..=31).map(|n| Subnet::around(Ipv4Addr::new(172, n, 0, 0), 16));
    let small = (0..16).map(|n| Subnet::around(Ipv4Addr::new(192, 168, n * 16, 0), 20));
    large
        .chain(small)
        .find(|subnet| !taken.iter().any(|other| other.overlaps(*subnet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn a_subnet_is_an_address_and_a_prefix() {
        let net = subnet("10.1.2.3/24");
        assert_eq!(net.to_string(), "10.1.2.0/24");
        assert_eq!(net.broadcast(), Ipv4Addr::new(10, 1, 2, 255));
        assert!(subnet("0.0.0.0/0").contains(Ipv4Addr::new(9, 9, 9, 9)));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
        assert!(subnet("10.0.0.0/8").overlaps(subnet("10.9.0.0/16")));
    }

    #[test]
    fn a_new_network_keeps_clear_of_others() {
        let taken = [subnet("172.16.0.0/14"), subnet("172.20.0.0/16")];
        assert_eq!(free_subnet(&taken), Some(subnet("172.21.0.0/16")));
        assert_eq!(free_subnet(&[subnet("0.0.0.0/0")]), None);
    }
}
