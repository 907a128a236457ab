//! A part of a rule as the kernel's expressions: load something into a register,
//! compare it, do something with the packet (`enum nft_…_attributes`).

use std::net::Ipv4Addr;

use super::Protocol;
use super::rule::Part;
use crate::netlink::Attributes;
use crate::subnet::Subnet;

/// The register that all conditions use, and a second one for a port.
const FIRST: u32 = libc::NFT_REG_1 as u32;
const SECOND: u32 = libc::NFT_REG_2 as u32;
/// The register whose value ends a rule.
const VERDICT: u32 = libc::NFT_REG_VERDICT as u32;
const EQUAL: u32 = libc::NFT_CMP_EQ as u32;
const UNEQUAL: u32 = libc::NFT_CMP_NEQ as u32;
const IN_NAME: u32 = libc::NFT_META_IIFNAME as u32;
const OUT_NAME: u32 = libc::NFT_META_OIFNAME as u32;
const PROTOCOL: u32 = libc::NFT_META_L4PROTO as u32;
/// With the bits of established and related, and of `IPS_DST_NAT`.
const STATE: u32 = libc::NFT_CT_STATE as u32;
const STATUS: u32 = libc::NFT_CT_STATUS as u32;
const KNOWN: u32 = 2 | 4;
const DNAT: u32 = 1 << 5;
/// A header, and where in it.
const NETWORK: u32 = libc::NFT_PAYLOAD_NETWORK_HEADER as u32;
const TRANSPORT: u32 = libc::NFT_PAYLOAD_TRANSPORT_HEADER as u32;
const SOURCE: (u32, u32) = (NETWORK, 12);
const DESTINATION: (u32, u32) = (NETWORK, 16);
const PORT: (u32, u32) = (TRANSPORT, 2);
const LOCAL: u32 = libc::RTN_LOCAL as u32;

/// Appends the expressions that are `part` to a rule's list.
pub(super) fn write(list: Attributes, part: &Part) -> Attributes {
    match part {
        Part::From(name) => interface(list, IN_NAME, EQUAL, name),
        Part::NotFrom(name) => interface(list, IN_NAME, UNEQUAL, name),
        Part::Into(name) => interface(list, OUT_NAME, EQUAL, name),
        Part::NotInto(name) => interface(list, OUT_NAME, UNEQUAL, name),
        Part::Source(subnet) => address(list, SOURCE, *subnet),
        Part::Destination(subnet) => address(list, DESTINATION, *subnet),
        Part::ForThisHost => for_this_host(list),
        Part::Port(protocol, port) => to_port(list, *protocol, *port),
        Part::Known => connection(list, STATE, KNOWN),
        Part::Published => connection(list, STATUS, DNAT),
        Part::Accept => verdict(list, libc::NF_ACCEPT),
        Part::Drop => verdict(list, libc::NF_DROP),
        Part::Masquerade => add(list, "masq", Attributes::default()),
        Part::To(to) => translate(list, *to.ip(), to.port()),
    }
}

fn add(list: Attributes, name: &str, data: Attributes) -> Attributes {
    let expression = Attributes::default().text(1, name).nested(2, data);
    list.nested(1, expression)
}

/// `NFTA_DATA_VALUE`: what a register is compared with or set to.
fn value(bytes: &[u8]) -> Attributes {
    Attributes::default().bytes(1, bytes)
}

fn compare(list: Attributes, how: u32, with: &[u8]) -> Attributes {
    let data = Attributes::default()
        .big_endian(1, FIRST)
        .big_endian(2, how);
    add(list, "cmp", data.nested(3, value(with)))
}

/// Keeps the bits of the mask.
fn mask(list: Attributes, mask: [u8; 4]) -> Attributes {
    let data = Attributes::default()
        .big_endian(1, FIRST)
        .big_endian(2, FIRST)
        .big_endian(3, 4)
        .nested(4, value(&mask))
        .nested(5, value(&[0; 4]));
    add(list, "bitwise", data)
}

fn load_meta(list: Attributes, key: u32) -> Attributes {
    add(
        list,
        "meta",
        Attributes::default()
            .big_endian(1, FIRST)
            .big_endian(2, key),
    )
}

fn load_packet(list: Attributes, (base, offset): (u32, u32), length: u32) -> Attributes {
    let data = Attributes::default()
        .big_endian(1, FIRST)
        .big_endian(2, base);
    add(
        list,
        "payload",
        data.big_endian(3, offset).big_endian(4, length),
    )
}

fn interface(list: Attributes, key: u32, how: u32, name: &str) -> Attributes {
    // A name fills its sixteen bytes with zeros (`IFNAMSIZ`).
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(name.as_bytes()) {
        *to = *from;
    }
    compare(load_meta(list, key), how, &padded)
}

fn address(list: Attributes, which: (u32, u32), subnet: Subnet) -> Attributes {
    let mut list = load_packet(list, which, 4);
    if subnet.prefix < 32 {
        list = mask(list, subnet.mask().octets());
    }
    compare(list, EQUAL, &subnet.address.octets())
}

/// Asks the routing table what kind of address the receiver's is.
fn for_this_host(list: Attributes) -> Attributes {
    const ADDRESS_TYPE: u32 = 3;
    const OF_RECEIVER: u32 = 2;
    let data = Attributes::default().big_endian(1, FIRST);
    let data = data.big_endian(2, ADDRESS_TYPE).big_endian(3, OF_RECEIVER);
    compare(add(list, "fib", data), EQUAL, &LOCAL.to_ne_bytes())
}

fn to_port(list: Attributes, protocol: Protocol, port: u16) -> Attributes {
    let number = match protocol {
        Protocol::Tcp => libc::IPPROTO_TCP,
        Protocol::Udp => libc::IPPROTO_UDP,
    };
    let number = number.to_le_bytes()[0];
    let list = compare(load_meta(list, PROTOCOL), EQUAL, &[number]);
    compare(load_packet(list, PORT, 2), EQUAL, &port.to_be_bytes())
}

/// Whether one of these bits is set in what connection tracking knows.
fn connection(list: Attributes, key: u32, bits: u32) -> Attributes {
    let data = Attributes::default()
        .big_endian(1, FIRST)
        .big_endian(2, key);
    let list = mask(add(list, "ct", data), bits.to_ne_bytes());
    compare(list, UNEQUAL, &[0; 4])
}

fn set(list: Attributes, register: u32, what: Attributes) -> Attributes {
    let data = Attributes::default()
        .big_endian(1, register)
        .nested(2, what);
    add(list, "immediate", data)
}

fn verdict(list: Attributes, code: i32) -> Attributes {
    let verdict = Attributes::default().big_endian(1, code.cast_unsigned());
    set(list, VERDICT, Attributes::default().nested(2, verdict))
}

fn translate(list: Attributes, address: Ipv4Addr, port: u16) -> Attributes {
    const DNAT: u32 = 1;
    const IPV4: u32 = 2;
    let list = set(list, FIRST, value(&address.octets()));
    let list = set(list, SECOND, value(&port.to_be_bytes()));
    let data = Attributes::default()
        .big_endian(1, DNAT)
        .big_endian(2, IPV4);
    add(list, "nat", data.big_endian(3, FIRST).big_endian(5, SECOND))
}
