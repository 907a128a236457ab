//! A transaction with nftables, byte by byte (`<linux/netfilter/nf_tables.h>`).
//!
//! The body of a message is family, version and resource (`struct nfgenmsg`), then
//! attributes. Numbers in these are big-endian.
//!
//! Between a begin and an end message the kernel collects; at the end it does all, or
//! nothing.

use nix::sys::socket::SockProtocol;

use super::expression;
use super::rule::{Chain, Rule};
use crate::netlink::{Attributes, Message, REQUEST, Socket};

const NFTABLES: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;
/// The borders of a transaction.
const BEGIN: u16 = libc::NFNL_MSG_BATCH_BEGIN as u16;
const END: u16 = libc::NFNL_MSG_BATCH_END as u16;
const NEW_TABLE: u16 = NFTABLES << 8 | libc::NFT_MSG_NEWTABLE as u16;
const DELETE_TABLE: u16 = NFTABLES << 8 | libc::NFT_MSG_DELTABLE as u16;
const NEW_CHAIN: u16 = NFTABLES << 8 | libc::NFT_MSG_NEWCHAIN as u16;
const NEW_RULE: u16 = NFTABLES << 8 | libc::NFT_MSG_NEWRULE as u16;
const DELETE_RULE: u16 = NFTABLES << 8 | libc::NFT_MSG_DELRULE as u16;
const ACKNOWLEDGE: u16 = libc::NLM_F_ACK as u16;
const CREATE: u16 = libc::NLM_F_CREATE as u16;
const APPEND: u16 = libc::NLM_F_APPEND as u16;
const IPV4: u8 = libc::NFPROTO_IPV4 as u8;

/// A transaction that is being written.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    table: &'a str,
    messages: Vec<(u16, u16, Attributes)>,
}

impl<'a> Batch<'a> {
    /// Nothing yet, about this table.
    pub(super) fn new(table: &'a str) -> Self {
        Self {
            table,
            messages: Vec::new(),
        }
    }

    fn push(&mut self, kind: u16, flags: u16, attributes: Attributes) {
        self.messages.push((kind, flags, attributes));
    }

    pub(super) fn add_table(&mut self) {
        let table = Attributes::default().text(1, self.table);
        self.push(NEW_TABLE, CREATE, table);
    }

    pub(super) fn remove_table(&mut self) {
        let table = Attributes::default().text(1, self.table);
        self.push(DELETE_TABLE, 0, table);
    }

    /// Removes all rules of the table; its chains stay where they are hooked in.
    pub(super) fn clear_table(&mut self) {
        let table = Attributes::default().text(1, self.table);
        self.push(DELETE_RULE, 0, table);
    }

    pub(super) fn add_chain(&mut self, chain: Chain) {
        // The hook (`NF_INET_…`), the order among those at it, and the type.
        let (hook, priority, kind) = match chain {
            Chain::Guard => (0, -300, "filter"),
            Chain::Prerouting => (0, -100, "nat"),
            Chain::Output => (3, -100, "nat"),
            Chain::Forward => (2, 0, "filter"),
            Chain::Postrouting => (4, 100, "nat"),
        };
        let hook = Attributes::default()
            .big_endian(1, hook)
            .big_endian(2, i32::cast_unsigned(priority));
        let chain = Attributes::default()
            .text(1, self.table)
            .text(3, chain.name())
            .nested(4, hook)
            .text(7, kind);
        self.push(NEW_CHAIN, CREATE, chain);
    }

    pub(super) fn add_rule(&mut self, rule: &Rule) {
        let mut list = Attributes::default();
        for part in &rule.parts {
            list = expression::write(list, part);
        }
        let attributes = Attributes::default()
            .text(1, self.table)
            .text(2, rule.chain.name())
            .nested(4, list);
        self.push(NEW_RULE, CREATE | APPEND, attributes);
    }

    /// Sends the transaction, and waits until it is done or refused.
    pub(super) fn commit(&self) -> nix::Result<()> {
        let socket = Socket::open(SockProtocol::NetlinkNetFilter)?;
        let bytes = self.bytes();
        // Many published ports make a long message; the limit is raised if need be.
        socket.allow(bytes.len());
        let last = u32::try_from(self.messages.len()).unwrap_or(0);
        // A refusal of the whole has the number of the beginning.
        socket.ask(&bytes, &(0..=last)).map(drop)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        border(&mut bytes, BEGIN, 0);
        for (number, (kind, flags, attributes)) in (1..).zip(&self.messages) {
            // One acknowledgement is enough: that of the last one comes after all.
            let last = number as usize == self.messages.len();
            let message = Message {
                kind: *kind,
                flags: REQUEST | flags | if last { ACKNOWLEDGE } else { 0 },
                sequence: number,
                body: &[&[IPV4, 0, 0, 0], attributes.sent()].concat(),
            };
            message.write(&mut bytes);
        }
        let end = u32::try_from(self.messages.len() + 1).unwrap_or(0);
        border(&mut bytes, END, end);
        bytes
    }
}

/// Only the borders use the resource: it says whose transaction this is.
fn border(bytes: &mut Vec<u8>, kind: u16, sequence: u32) {
    let [high, low] = NFTABLES.to_be_bytes();
    let message = Message {
        kind,
        flags: REQUEST,
        sequence,
        body: &[0, 0, high, low],
    };
    message.write(bytes);
}
