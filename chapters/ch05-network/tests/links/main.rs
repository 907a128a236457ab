//! Bridges, pairs and rules in network namespaces of the test's own.
//!
//! A namespace belongs to a thread as well as to a process: each test is a thread in a
//! new one, which plays the host, and the library is called from there. Nothing of the
//! machine's own network is touched, and all of it ends with the thread.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers of tests meet is a failure"
)]

mod traffic;
mod village;

use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::time::Duration;

use network::{
    Nat, Protocol, attach, detach, ensure_bridge, nat, remove_bridge, remove_nat, set_nat,
};
use support::{Need, needs};

use crate::village::*;

#[test]
fn a_bridge_is_made_once_and_not_put_over_another() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        let gateway = Ipv4Addr::new(10, 77, 0, 1);
        ensure_bridge("br", gateway, 24).unwrap();
        ensure_bridge("br", gateway, 24).unwrap();
        assert_eq!(links(), ["br", "lo"]);
        let other = ensure_bridge("br", Ipv4Addr::new(10, 78, 0, 1), 24).unwrap_err();
        assert!(other.to_string().contains("10.77.0.1/24"), "{other:#}");
        let no_bridge = ensure_bridge("lo", gateway, 24).unwrap_err();
        assert!(no_bridge.to_string().contains("no bridge"), "{no_bridge:#}");
        let used = network::subnets_in_use().unwrap();
        assert_eq!(used, ["10.77.0.0/24".parse().unwrap()]);
        remove_bridge("br").unwrap();
        remove_bridge("br").unwrap();
        assert_eq!(links(), ["lo"]);
    });
}

#[test]
fn a_connection_that_fails_leaves_nothing() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        let container = Container::new();
        let inside = Ipv4Addr::new(10, 77, 0, 2);
        let gateway = Ipv4Addr::new(10, 77, 0, 1);
        let good = endpoint("v0", inside, gateway);
        let error = attach(container.0.as_fd(), "br", &good).unwrap_err();
        assert!(error.to_string().contains("no interface br"), "{error:#}");
        bridge("br", 0);
        let strange = endpoint("v0", inside, Ipv4Addr::new(9, 9, 9, 9));
        let error = attach(container.0.as_fd(), "br", &strange).unwrap_err();
        assert!(error.to_string().contains("9.9.9.9"), "{error:#}");
        assert_eq!(links(), ["br", "lo"]);
        attach(container.0.as_fd(), "br", &good).unwrap();
        assert_eq!(container.inside(links), ["eth0", "lo"]);
        let again = attach(Container::new().0.as_fd(), "br", &good).unwrap_err();
        assert!(format!("{again:#}").contains("EEXIST"), "{again:#}");
        assert_eq!(links(), ["br", "lo", "v0"]);
        detach("v0").unwrap();
        detach("v0").unwrap();
        assert_eq!(container.inside(links), ["lo"]);
    });
}

#[test]
fn a_container_that_ends_takes_its_cable_along() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        bridge("br", 0);
        let container = Container::connected("br", [10, 77, 0, 2]);
        assert_eq!(links(), ["br", "lo", "v-br-2"]);
        drop(container);
        support::eventually("the cable is gone", Duration::from_secs(10), || {
            (links() == ["br", "lo"]).then_some(())
        });
    });
}

#[test]
fn the_kernel_understands_the_rules_as_they_are_meant() {
    if !needs(&[Need::Root, Need::Tool("nft")]) {
        return;
    }
    as_host(|| {
        let mut internal = bridge("inner", 1);
        internal.internal = true;
        let mut udp = publish([10, 0, 0, 9], 53, "10.77.0.2:5353");
        udp.protocol = Protocol::Udp;
        let nat = Nat {
            networks: vec![bridge("br", 0), internal],
            published: vec![publish([0; 4], 8080, "10.77.0.2:80"), udp],
        };
        set_nat(&nat).unwrap();
        let text = output("nft", &["list", "table", "ip", "skiff"]);
        let mut chain = String::new();
        let mut seen = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("chain ") {
                chain = name.trim_end_matches(" {").to_owned();
            } else if !line.is_empty()
                && !line.starts_with("type ")
                && !line.contains(['{', '}'])
            {
                seen.push(format!("{chain} {line}"));
            }
        }
        let mut meant: Vec<_> =
            nat::rules(&nat).iter().map(ToString::to_string).collect();
        // nft lists chain by chain; in each the order must be ours.
        let order = |rule: &String| {
            let name = rule.split(' ').next().unwrap().to_owned();
            nat::Chain::ALL
                .iter()
                .position(|chain| chain.name() == name)
        };
        meant.sort_by_key(order);
        seen.sort_by_key(order);
        assert_eq!(seen, meant, "{text}");
        set_nat(&nat).unwrap();
        assert_eq!(output("nft", &["list", "table", "ip", "skiff"]), text);
        set_nat(&Nat::default()).unwrap();
        let text = output("nft", &["list", "table", "ip", "skiff"]);
        assert!(!text.contains("dnat to"), "{text}");
        remove_nat().unwrap();
        remove_nat().unwrap();
        assert_eq!(output("nft", &["list", "ruleset"]), "");
    });
}

#[test]
fn a_thousand_published_ports_are_one_transaction() {
    if !needs(&[Need::Root, Need::Tool("nft")]) {
        return;
    }
    as_host(|| {
        let published = (1..=1000).map(|n| publish([0; 4], n, "10.77.0.2:80"));
        let nat = Nat {
            networks: vec![bridge("br", 0)],
            published: published.collect(),
        };
        set_nat(&nat).unwrap();
        let text = output("nft", &["list", "chain", "ip", "skiff", "prerouting"]);
        assert_eq!(text.matches("dnat to").count(), 1000);
    });
}
