//! A transaction with nftables, byte by byte (`<linux/netfilter/nf_tables.h>`).
//!
//! ```text
//! message    = length, type, flags, sequence, port; family, version, resource; attributes
//! attribute  = length, kind, value, padding to four bytes; a value may be attributes
//! ```
//!
//! Between a begin and an end message the kernel collects; at the end it does all, or
//! nothing. Numbers in attributes are big-endian, those in headers the machine's own.

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::errno::Errno;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBufForce;

use super::attributes::Attributes;
use super::expression;
use super::rule::{Chain, Rule};

/// `NFNL_SUBSYS_NFTABLES`, and the borders of a transaction (`NFNL_MSG_BATCH_…`).
const NFTABLES: u16 = 10;
const BEGIN: u16 = 0x10;
const END: u16 = 0x11;
/// `enum nf_tables_msg_types`
const NEW_TABLE: u16 = NFTABLES << 8;
const DELETE_TABLE: u16 = NFTABLES << 8 | 2;
const NEW_CHAIN: u16 = NFTABLES << 8 | 3;
const NEW_RULE: u16 = NFTABLES << 8 | 6;
const DELETE_RULE: u16 = NFTABLES << 8 | 8;
/// `NLM_F_…`
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;
/// `NLMSG_ERROR`, which with the code 0 is an acknowledgement.
const ERROR: u16 = 2;
const HEADER: usize = 16;
/// `NFPROTO_IPV4`
const IPV4: u8 = 2;

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
            .number(1, hook)
            .number(2, i32::cast_unsigned(priority));
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
        let mut socket = Socket::new(NETLINK_NETFILTER).map_err(errno)?;
        socket.bind_auto().map_err(errno)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(errno)?;
        // Many published ports make a long message; the limit is raised if need be.
        let bytes = self.bytes();
        let _ = setsockopt(&socket, SndBufForce, &(bytes.len() * 2));
        socket.send(&bytes, 0).map_err(errno)?;
        let last = u32::try_from(self.messages.len()).unwrap_or(0);
        loop {
            let (datagram, _) = socket.recv_from_full().map_err(errno)?;
            if acknowledges(&datagram, last)? {
                return Ok(());
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        message(&mut bytes, (BEGIN, REQUEST, 0), 0, &[]);
        for (number, (kind, flags, attributes)) in (1..).zip(&self.messages) {
            // One acknowledgement is enough: that of the last one comes after all.
            let last = number as usize == self.messages.len();
            let flags = REQUEST | flags | if last { ACKNOWLEDGE } else { 0 };
            message(&mut bytes, (*kind, flags, number), IPV4, attributes.sent());
        }
        let end = u32::try_from(self.messages.len() + 1).unwrap_or(0);
        message(&mut bytes, (END, REQUEST, end), 0, &[]);
        bytes
    }
}

fn message(
    bytes: &mut Vec<u8>,
    (kind, flags, sequence): (u16, u16, u32),
    family: u8,
    attributes: &[u8],
) {
    // `struct nlmsghdr` and `struct nfgenmsg`. Of the latter only the borders use the
    // resource: it says whose transaction this is.
    let length = u32::try_from(HEADER + 4 + attributes.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend([family, 0]);
    let resource = if family == 0 { NFTABLES } else { 0 };
    bytes.extend(resource.to_be_bytes());
    bytes.extend(attributes);
}

/// Whether the answer in `datagram` is the last one; any refusal is the error.
fn acknowledges(datagram: &[u8], last: u32) -> nix::Result<bool> {
    let mut rest = datagram;
    while let Some(header) = rest.get(..HEADER) {
        let length = number(header, 0) as usize;
        let kind = number(header, 4) as u16;
        if kind == ERROR {
            match number(rest.get(HEADER..).unwrap_or_default(), 0) {
                0 if number(header, 8) == last => return Ok(true),
                0 => {}
                code => {
                    return Err(Errno::from_raw(code.cast_signed().saturating_neg()));
                }
            }
        }
        let next = length.max(HEADER).next_multiple_of(4);
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(false)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_ne_bytes)
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_may_hold_others() {
        let inner = Attributes::default().text(3, "ab");
        let outer = Attributes::default().nested(4, inner);
        assert_eq!(outer.sent(), [12, 0, 4, 0x80, 7, 0, 3, 0, b'a', b'b', 0, 0]);
    }

    #[test]
    fn a_refusal_in_the_answer_is_the_error() {
        let mut answer = Vec::new();
        answer.extend(36_u32.to_ne_bytes());
        answer.extend(ERROR.to_ne_bytes());
        answer.extend([0, 0]);
        answer.extend(7_u32.to_ne_bytes());
        answer.extend([0; 4]);
        answer.extend([0; 20]);
        assert_eq!(acknowledges(&answer, 7), Ok(true));
        assert_eq!(acknowledges(&answer, 8), Ok(false));
        answer[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(acknowledges(&answer, 8), Err(Errno::EPERM));
        assert_eq!(acknowledges(&answer[..17], 8), Ok(false));
    }
}
