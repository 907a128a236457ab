//! Requests as rtnetlink(7) has them, answers of the kernel, and bytes that are none.

use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::requests::{default_via, destination};
use super::*;
use crate::netlink::Attributes;

#[test]
fn a_link_is_sixteen_bytes_and_attributes() {
    let mut link = Link::named("lo").up();
    link.index = 1;
    let head = [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
    let name = [7, 0, 3, 0, b'l', b'o', 0, 0];
    assert_eq!(link.body(), [head.as_slice(), &name].concat());
    assert_eq!(Link::read(&link.body()), Some(link.clone()));
    assert_eq!(Link::read(&link.body()[..15]), None);
}

#[test]
fn what_kind_a_link_is_stands_inside_an_attribute() {
    let bridge = Attributes::default().text(libc::IFLA_INFO_KIND, "bridge");
    let link = Link::named("br").with(|all| all.nested(libc::IFLA_LINKINFO, bridge));
    assert_eq!(link.kind().as_deref(), Some("bridge"));
    assert_eq!(Link::named("lo").kind(), None);
}

#[test]
fn an_address_is_eight_bytes_and_attributes() {
    let address = Address::new(3, Ipv4Addr::new(10, 0, 0, 2), 24);
    let head = [2, 24, 0, 0, 3, 0, 0, 0];
    let own = [8, 0, 2, 0, 10, 0, 0, 2, 8, 0, 1, 0, 10, 0, 0, 2];
    let all = [8, 0, 4, 0, 10, 0, 0, 255];
    assert_eq!(address.body(), [head.as_slice(), &own, &all].concat());
    assert_eq!(Address::read(&address.body()), Some(address.clone()));
    assert_eq!(address.local(), Some(Ipv4Addr::new(10, 0, 0, 2)));
    assert_eq!(address.to_string(), "10.0.0.2/24");
    assert_eq!(Address::read(&address.body()[..7]), None);
}

#[test]
fn an_address_of_version_6_has_one_attribute() {
    let six = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let address = Address {
        family: libc::AF_INET6 as u8,
        attributes: Attributes::default().bytes(libc::IFA_ADDRESS, &six),
        ..Address::new(3, Ipv4Addr::LOCALHOST, 64)
    };
    assert_eq!(address.to_string(), "fd00::1/64");
    assert_eq!(address.local(), None);
}

#[test]
fn a_route_is_twelve_bytes_and_attributes() {
    let route = default_via(Ipv4Addr::new(10, 0, 0, 1));
    let head = [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    let gateway = [8, 0, 5, 0, 10, 0, 0, 1];
    assert_eq!(route, [head.as_slice(), &gateway].concat());
    assert_eq!(destination(&route), None);
    let to = Attributes::default().bytes(libc::RTA_DST, &[10, 7, 0, 0]);
    let mut route = [&[2, 16, 0, 0, 254, 2, 253, 1, 0, 0, 0, 0], to.sent()].concat();
    assert_eq!(destination(&route), Some("10.7.0.0/16".parse().unwrap()));
    // `RT_TABLE_LOCAL`: what the host itself answers to.
    route[4] = 255;
    assert_eq!(destination(&route), None);
}

#[test]
fn the_kernel_answers_whoever_asks() {
    let route = Route::open().unwrap();
    // An error, an answer, a list, and again: no answer is taken for another's.
    for _ in 0..3 {
        assert_eq!(route.link("no-such-link").unwrap(), None);
        let lo = route.link("lo").unwrap().unwrap();
        assert_eq!((lo.index, lo.kind()), (1, None));
        let addresses = route.addresses(lo.index).unwrap();
        let local: Vec<_> = addresses.iter().filter_map(Address::local).collect();
        assert!(!lo.up || local.contains(&Ipv4Addr::LOCALHOST), "{local:?}");
    }
    let error = route.index("no-such-link").unwrap_err();
    assert_eq!(error.to_string(), "there is no interface no-such-link");
}

proptest! {
    #[test]
    fn any_body_is_read_without_a_panic(bytes in vec(any::<u8>(), 0..120)) {
        let link = Link::read(&bytes);
        prop_assert_eq!(link.is_some(), bytes.len() >= 16);
        let _ = link.map(|link| link.kind());
        let address = Address::read(&bytes);
        prop_assert_eq!(address.is_some(), bytes.len() >= 8);
        let _ = address.map(|address| (address.local(), address.to_string()));
        let _ = destination(&bytes);
    }
}
