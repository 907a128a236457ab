//! The way out of a container, and the published ways in: our own nftables table.
//!
//! All that there is to be is written at once: one transaction makes table `skiff` say
//! what [`Nat`] says, whatever it said before. So nothing is counted up and down, two
//! writers do not leave halves behind, and a table that somebody flushed is whole again
//! at the next change. Other tables are not touched. (An accept of ours cannot undo
//! another table's drop: where docker's own FORWARD policy is to drop, it wins.)
//!
//! The kernel is spoken to in its own messages (`nat/message.rs`): no `nft` is run.

mod expression;
mod message;
mod rule;

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

use anyhow::{Context, Result};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use workbench::diagnosis::{Cause, Diagnosis, Proof, explain};
use workbench::steps::step;

use crate::subnet::Subnet;
use message::Batch;
pub use rule::{Chain, Part, Rule, rules};

const TABLE: &str = "skiff";

/// What table `skiff` is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nat {
    /// All networks.
    pub networks: Vec<Network>,
    /// All published ports.
    pub published: Vec<Publish>,
}

/// A network, as far as forwarding goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its bridge.
    pub bridge: String,
    /// Its addresses.
    pub subnet: Subnet,
    /// Whether it has no way out, nor in.
    pub internal: bool,
}

/// A port of the host that leads to a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The host's address; 0.0.0.0 is all of them.
    pub host_ip: Ipv4Addr,
    /// The host's port.
    pub host_port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// The container's address and port.
    pub to: SocketAddrV4,
}

/// What has ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// tcp(7)
    Tcp,
    /// udp(7)
    Udp,
}

impl Protocol {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Why the kernel may refuse rules (nft(8), network_namespaces(7)).
pub(crate) static REFUSED: Diagnosis<()> = Diagnosis {
    chapter: 5,
    call: "sendto",
    purpose: "write rules into an nftables table",
    causes: &[
        Cause {
            errno: Errno::EPERM,
            meaning: "The caller has no `CAP_NET_ADMIN` over this network namespace.",
            probe: |()| true,
            look: "grep CapEff /proc/self/status; ls -l /proc/self/ns/net",
            hint: "rules need CAP_NET_ADMIN over this network namespace; run as root, or \
                   in a namespace of your own",
            proof: Proof::Test("rules_of_somebody_who_may_not_are_refused"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "The kernel lacks a part of nftables, such as masquerading.",
            probe: |()| true,
            look: "lsmod | grep nft_",
            hint: "the kernel has no nftables, or lacks masquerading; \
                   sudo modprobe -a nf_tables nft_masq nft_nat nft_ct nft_fib_ipv4",
            proof: Proof::NotProvoked("a kernel without some of nftables's modules"),
        },
        Cause {
            errno: Errno::EPROTONOSUPPORT,
            meaning: "The kernel has no nftables at all.",
            probe: |()| true,
            look: "lsmod | grep nf_tables",
            hint: "the kernel has no nftables; sudo modprobe nf_tables",
            proof: Proof::NotProvoked("a kernel without nftables"),
        },
    ],
};

/// Makes the kernel forward, translate and refuse as `nat` says, all at once, in the
/// caller's network namespace.
///
/// Forwarding is switched on (`ip_forward`) if there is a network that has a way out,
/// and never off: it may have been somebody else's wish too.
///
/// # Errors
/// When the caller has no `CAP_NET_ADMIN`, or the kernel no nftables.
// ANCHOR: set_nat
pub fn set_nat(nat: &Nat) -> Result<()> {
    set_nat_in(TABLE, nat)
}

/// As [`set_nat`], in another table: that of a second engine on the same machine.
///
/// # Errors
/// As there.
pub fn set_nat_in(table: &str, nat: &Nat) -> Result<()> {
    for network in nat.networks.iter().filter(|network| !network.internal) {
        let why = "packets that are for others are dropped, unless one is a router";
        sysctl("net/ipv4/ip_forward", why)?;
        // Else a packet that leaves 127.0.0.1 for a container is a martian.
        let path = format!("net/ipv4/conf/{}/route_localnet", network.bridge);
        sysctl(&path, "published ports answer at 127.0.0.1 as well")?;
    }
    let rules = rules(nat);
    let mut batch = Batch::new(table);
    batch.add_table();
    for chain in Chain::ALL {
        batch.add_chain(chain);
    }
    batch.clear_table();
    for rule in &rules {
        batch.add_rule(rule);
    }
    let text: Vec<_> = rules.iter().map(Rule::to_string).collect();
    let text = text.join("; ");
    let call = format_args!("sendto(NETLINK_NETFILTER, {{table ip {table}: {text}}})");
    let why = "one transaction: the table says all of this, or what it said before";
    step(5, call, why, || batch.commit())
        .map_err(|errno| explain(format!("write table ip {table}"), &REFUSED, &(), errno))
}
// ANCHOR_END: set_nat

/// Removes the table; one that is gone is no error.
///
/// # Errors
/// When the caller may not.
pub fn remove_nat() -> Result<()> {
    remove_nat_in(TABLE)
}

/// As [`remove_nat`], for another table.
///
/// # Errors
/// As there.
pub fn remove_nat_in(table: &str) -> Result<()> {
    let mut batch = Batch::new(table);
    batch.remove_table();
    let why = "with the table go its chains and rules";
    let call = format_args!("sendto(NETLINK_NETFILTER, {{delete table ip {table}}})");
    match step(5, call, why, || batch.commit()) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => {
            let what = format!("remove table ip {table}");
            Err(explain(what, &REFUSED, &(), errno))
        }
    }
}

/// Sets a switch of the network namespace to 1, if it is not.
fn sysctl(name: &str, why: &str) -> Result<()> {
    let path = format!("/proc/sys/{name}");
    let now = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    if now.trim() != "0" {
        return Ok(());
    }
    step(5, format_args!("write({path:?}, \"1\")"), why, || {
        fs::write(&path, "1")
    })
    .with_context(|| format!("write 1 to {path}"))
}
