//! The addresses of a network, given out and taken back: data, no kernel.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::subnet::Subnet;

/// The addresses of a network: who has which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    subnet: Subnet,
    gateway: Ipv4Addr,
    leases: BTreeMap<Ipv4Addr, String>,
    /// Where the search goes on: an address that just became free rests, since
    /// others may remember who had it.
    next: Ipv4Addr,
}

impl Pool {
    /// All addresses of a subnet are free, but for the network's own, the gateway's
    /// (if it is not said, the first one's) and the last.
    ///
    /// # Errors
    /// A subnet with no room for a gateway and a container; a gateway outside of it.
    pub fn new(subnet: Subnet, gateway: Option<Ipv4Addr>) -> Result<Self> {
        if subnet.prefix > 30 {
            bail!("{subnet} has no room for a gateway and a container");
        }
        let first = Ipv4Addr::from_bits(subnet.address.to_bits() + 1);
        let gateway = gateway.unwrap_or(first);
        if !inside(subnet, gateway) {
            bail!("the gateway {gateway} is not in {subnet}");
        }
        Ok(Self {
            subnet,
            gateway,
            leases: BTreeMap::new(),
            next: first,
        })
    }

    /// The subnet.
    #[must_use]
    pub fn subnet(&self) -> Subnet {
        self.subnet
    }

    /// The address of the host in it.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        self.gateway
    }

    /// Who has which address.
    #[must_use]
    pub fn leases(&self) -> &BTreeMap<Ipv4Addr, String> {
        &self.leases
    }

    /// Gives `who` a free address.
    ///
    /// # Errors
    /// When there is none.
    // ANCHOR: lease
    pub fn lease(&mut self, who: &str) -> Result<Ipv4Addr> {
        let (first, last) = (self.subnet.address, self.subnet.broadcast());
        let all = |from: Ipv4Addr, to: Ipv4Addr| from.to_bits()..to.to_bits();
        // From where the last search ended, then round to there again. At most as
        // many steps as there are leases: each step but the last meets one.
        let address = all(self.next, last)
            .chain(all(first, self.next))
            .map(Ipv4Addr::from_bits)
            .find(|address| self.is_free(*address))
            .with_context(|| format!("no address is left in {}", self.subnet))?;
        self.next = Ipv4Addr::from_bits(address.to_bits() + 1);
        self.leases.insert(address, who.to_owned());
        Ok(address)
    }
    // ANCHOR_END: lease

    /// Gives `who` this address.
    ///
    /// # Errors
    /// When it is somebody's, the gateway's, or not in the subnet.
    pub fn lease_at(&mut self, address: Ipv4Addr, who: &str) -> Result<()> {
        if !inside(self.subnet, address) {
            bail!("{address} is not in {}", self.subnet);
        }
        if !self.is_free(address) {
            bail!("{address} is already in use");
        }
        self.leases.insert(address, who.to_owned());
        Ok(())
    }

    /// Takes back all that `who` has.
    pub fn release(&mut self, who: &str) {
        self.leases.retain(|_, holder| holder != who);
    }

    fn is_free(&self, address: Ipv4Addr) -> bool {
        inside(self.subnet, address)
            && address != self.gateway
            && !self.leases.contains_key(&address)
    }
}

/// Whether an address of the subnet can be somebody's.
fn inside(subnet: Subnet, address: Ipv4Addr) -> bool {
    subnet.contains(address) && address != subnet.address && address != subnet.broadcast()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn a_small_pool_is_used_up_and_refilled() {
        let mut pool = Pool::new(subnet("10.0.0.0/29"), None).unwrap();
        for n in 2..=6 {
            assert_eq!(pool.lease("web").unwrap(), Ipv4Addr::new(10, 0, 0, n));
        }
        assert!(pool.lease("late").is_err());
        pool.release("web");
        assert_eq!(pool.lease("late").unwrap(), Ipv4Addr::new(10, 0, 0, 2));
    }

    #[test]
    fn an_address_that_was_given_back_rests() {
        let mut pool = Pool::new(subnet("10.0.0.0/24"), None).unwrap();
        let first = pool.lease("a").unwrap();
        pool.release("a");
        assert_ne!(pool.lease("b").unwrap(), first);
    }

    #[test]
    fn what_cannot_be_given_is_refused() {
        let gateway = Some(Ipv4Addr::new(10, 0, 0, 9));
        let mut pool = Pool::new(subnet("10.0.0.0/28"), gateway).unwrap();
        for n in [0, 9, 15, 16] {
            assert!(
                pool.lease_at(Ipv4Addr::new(10, 0, 0, n), "a").is_err(),
                "{n}"
            );
        }
        let address = Ipv4Addr::new(10, 0, 0, 3);
        pool.lease_at(address, "a").unwrap();
        assert!(pool.lease_at(address, "b").is_err());
        assert!(Pool::new(subnet("10.0.0.0/31"), None).is_err());
        assert!(Pool::new(subnet("10.0.0.0/24"), Some(Ipv4Addr::LOCALHOST)).is_err());
    }

    #[derive(Clone, Debug)]
    enum Deed {
        Lease(u8),
        LeaseAt(u8, u8),
        Release(u8),
        Save,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            3 => any::<u8>().prop_map(|who| Deed::Lease(who % 8)),
            1 => (any::<u8>(), any::<u8>()).prop_map(|(at, who)| Deed::LeaseAt(at, who % 8)),
            1 => any::<u8>().prop_map(|who| Deed::Release(who % 8)),
            1 => Just(Deed::Save),
        ]
    }

    proptest! {
        #[test]
        fn no_address_is_two_holders_and_none_is_special(
            prefix in 24_u8..31,
            gateway in 1_u32..3,
            deeds in prop::collection::vec(deed(), 0..64),
        ) {
            let net = Subnet::around(Ipv4Addr::new(10, 0, 0, 0), prefix);
            let gateway = Ipv4Addr::from_bits(net.address.to_bits() + gateway);
            let mut pool = Pool::new(net, Some(gateway)).unwrap();
            let mut held: BTreeMap<Ipv4Addr, u8> = BTreeMap::new();
            for deed in deeds {
                match deed {
                    Deed::Lease(who) => match pool.lease(&who.to_string()) {
                        Ok(address) => prop_assert_eq!(held.insert(address, who), None),
                        Err(_) => prop_assert_eq!(held.len(), (1 << (32 - prefix)) - 3),
                    },
                    Deed::LeaseAt(at, who) => {
                        let address = Ipv4Addr::new(10, 0, 0, at);
                        if pool.lease_at(address, &who.to_string()).is_ok() {
                            prop_assert_eq!(held.insert(address, who), None);
                        }
                    }
                    Deed::Release(who) => {
                        pool.release(&who.to_string());
                        held.retain(|_, holder| *holder != who);
                    }
                    Deed::Save => {
                        let text = serde_json::to_string(&pool).unwrap();
                        pool = serde_json::from_str(&text).unwrap();
                    }
                }
                for address in [net.address, net.broadcast(), gateway] {
                    prop_assert!(!held.contains_key(&address));
                }
                prop_assert!(pool.leases().keys().eq(held.keys()));
            }
        }
    }
}
