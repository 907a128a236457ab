//! The rules of table `skiff`: data, which prints as `nft` would print it.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::{Nat, Protocol, Publish};
use crate::subnet::Subnet;

/// A chain of the table: where a packet meets its rules (nft(8), "Chains").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// What arrives, before anything else is done with it.
    Guard,
    /// What arrives, before it is routed.
    Prerouting,
    /// What this host sends itself.
    Output,
    /// What is neither from nor for this host.
    Forward,
    /// What leaves, after it is routed.
    Postrouting,
}

impl Chain {
    /// All chains.
    pub const ALL: [Self; 5] = [
        Self::Guard,
        Self::Prerouting,
        Self::Output,
        Self::Forward,
        Self::Postrouting,
    ];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Prerouting => "prerouting",
            Self::Output => "output",
            Self::Forward => "forward",
            Self::Postrouting => "postrouting",
        }
    }
}

/// A rule: what must hold of a packet, and last, what is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands.
    pub chain: Chain,
    /// Conditions, then the verdict.
    pub parts: Vec<Part>,
}

/// A condition or a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// It came through this interface.
    From(String),
    /// It did not.
    NotFrom(String),
    /// It leaves through this interface.
    Into(String),
    /// It does not.
    NotInto(String),
    /// Its sender is in this subnet.
    Source(Subnet),
    /// Its receiver is in this subnet.
    Destination(Subnet),
    /// Its receiver is this host, by whatever address.
    ForThisHost,
    /// It is for this port.
    Port(Protocol, u16),
    /// It belongs to a connection that was let through before.
    Known,
    /// Its connection came to a published port.
    Published,
    /// Let it pass.
    Accept,
    /// Let it vanish.
    Drop,
    /// It shall seem to be from this host.
    Masquerade,
    /// It shall go there instead.
    To(SocketAddrV4),
}

/// The rules that make `nat` true.
// ANCHOR: rules
#[must_use]
pub fn rules(nat: &Nat) -> Vec<Rule> {
    use Part::*;
    let mut rules = Vec::new();
    let mut add = |chain, parts: &[Part]| {
        let parts = parts.to_vec();
        rules.push(Rule { chain, parts });
    };
    let loopback = Subnet::around(Ipv4Addr::LOCALHOST, 8);
    // A bridge with route_localnet would believe a neighbour who sends to 127.0.0.1
    // (CVE-2020-8558).
    add(
        Chain::Guard,
        &[NotFrom("lo".into()), Destination(loopback), Drop],
    );
    for publish in &nat.published {
        let parts = translation(publish);
        add(Chain::Prerouting, &parts);
        add(Chain::Output, &parts);
    }
    add(Chain::Forward, &[Known, Accept]);
    add(Chain::Forward, &[Published, Accept]);
    for network in &nat.networks {
        let bridge = &network.bridge;
        add(
            Chain::Forward,
            &[From(bridge.clone()), Into(bridge.clone()), Accept],
        );
        if network.internal {
            add(Chain::Forward, &[From(bridge.clone()), Drop]);
        }
    }
    for network in &nat.networks {
        let (bridge, subnet) = (&network.bridge, network.subnet);
        // Who was not let in above comes from another network, or from the world.
        add(Chain::Forward, &[Into(bridge.clone()), Drop]);
        if !network.internal {
            let out = [Source(subnet), NotInto(bridge.clone()), Masquerade];
            add(Chain::Postrouting, &out);
        }
        // The answer must come back through here, also when a container went out to
        // its own network's published port, or this host to its own.
        let again = [Published, Source(subnet), Into(bridge.clone()), Masquerade];
        add(Chain::Postrouting, &again);
        let local = [Source(loopback), Into(bridge.clone()), Masquerade];
        add(Chain::Postrouting, &local);
    }
    rules
}
// ANCHOR_END: rules

fn translation(publish: &Publish) -> [Part; 3] {
    let host = if publish.host_ip.is_unspecified() {
        Part::ForThisHost
    } else {
        Part::Destination(Subnet::around(publish.host_ip, 32))
    };
    let port = Part::Port(publish.protocol, publish.host_port);
    [host, port, Part::To(publish.to)]
}

impl fmt::Display for Part {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(name) => write!(to, "iifname {name:?}"),
            Self::NotFrom(name) => write!(to, "iifname != {name:?}"),
            Self::Into(name) => write!(to, "oifname {name:?}"),
            Self::NotInto(name) => write!(to, "oifname != {name:?}"),
            Self::Source(subnet) => write!(to, "ip saddr {}", Short(*subnet)),
            Self::Destination(subnet) => write!(to, "ip daddr {}", Short(*subnet)),
            Self::ForThisHost => to.write_str("fib daddr type local"),
            Self::Port(protocol, port) => write!(to, "{} dport {port}", protocol.name()),
            Self::Known => to.write_str("ct state established,related"),
            Self::Published => to.write_str("ct status dnat"),
            Self::Accept => to.write_str("accept"),
            Self::Drop => to.write_str("drop"),
            Self::Masquerade => to.write_str("masquerade"),
            Self::To(address) => write!(to, "dnat to {address}"),
        }
    }
}

/// A subnet of one address prints as the address.
struct Short(Subnet);

impl fmt::Display for Short {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix {
            32 => self.0.address.fmt(to),
            _ => self.0.fmt(to),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.chain.name())?;
        self.parts.iter().try_for_each(|part| write!(to, " {part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nat::Network;

    #[test]
    fn a_network_goes_out_and_a_published_port_comes_in() {
        let nat = Nat {
            networks: vec![Network {
                bridge: "skiff0".into(),
                subnet: "10.9.0.0/24".parse().unwrap(),
                internal: false,
            }],
            published: vec![Publish {
                host_ip: Ipv4Addr::UNSPECIFIED,
                host_port: 8080,
                protocol: Protocol::Tcp,
                to: "10.9.0.2:80".parse().unwrap(),
            }],
        };
        let text: Vec<_> = rules(&nat).iter().map(Rule::to_string).collect();
        assert_eq!(
            text,
            [
                "guard iifname != \"lo\" ip daddr 127.0.0.0/8 drop",
                "prerouting fib daddr type local tcp dport 8080 dnat to 10.9.0.2:80",
                "output fib daddr type local tcp dport 8080 dnat to 10.9.0.2:80",
                "forward ct state established,related accept",
                "forward ct status dnat accept",
                "forward iifname \"skiff0\" oifname \"skiff0\" accept",
                "forward oifname \"skiff0\" drop",
                "postrouting ip saddr 10.9.0.0/24 oifname != \"skiff0\" masquerade",
                "postrouting ct status dnat ip saddr 10.9.0.0/24 oifname \"skiff0\" \
                 masquerade",
                "postrouting ip saddr 127.0.0.0/8 oifname \"skiff0\" masquerade",
            ]
        );
    }

    #[test]
    fn an_internal_network_has_no_way_out() {
        let nat = Nat {
            networks: vec![Network {
                bridge: "inner".into(),
                subnet: "10.9.0.0/24".parse().unwrap(),
                internal: true,
            }],
            published: vec![],
        };
        let text: Vec<_> = rules(&nat).iter().map(Rule::to_string).collect();
        assert!(
            text.contains(&"forward iifname \"inner\" drop".into()),
            "{text:?}"
        );
        let out = "ip saddr 10.9.0.0/24 oifname != \"inner\" masquerade";
        assert!(!text.iter().any(|rule| rule.contains(out)), "{text:?}");
    }
}
