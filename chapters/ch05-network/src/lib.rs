//! Chapter 5: the network of a container.
//!
//! [`loopback`] is all that a container without a network needs, and all that the
//! runtime uses. [`bridge`] makes a switch on the host, [`attach`](mod@attach) a pair of
//! interfaces from it into a container; [`nat`] lets it out, and lets others in at
//! published ports; [`pool`] gives out addresses, [`ports`] the host's ports; [`names`] writes the files by which
//! a container finds others. Links and addresses are told to the kernel over
//! rtnetlink(7), rules over nfnetlink, in messages that `netlink` reads and writes: no
//! `ip`, no `iptables`, no `nft` is run.

pub mod attach;
pub mod bridge;
mod hand_over;
#[expect(unsafe_code, reason = "ioctl(2) takes a pointer")]
pub mod loopback;
pub mod names;
pub mod nat;
mod netlink;
pub mod pool;
pub mod ports;
mod route;
pub mod subnet;

pub use attach::{Endpoint, Mac, attach, detach};
pub use bridge::{ensure_bridge, remove_bridge};
pub use hand_over::hand_over;
pub use loopback::loopback_up;
pub use nat::{
    Nat, Network, Protocol, Publish, remove_nat, remove_nat_in, set_nat, set_nat_in,
};
pub use pool::Pool;
pub use route::subnets_in_use;
pub use subnet::{Subnet, free_subnet};

/// This chapter's lists of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[&nat::REFUSED];
