//! `linux.netDevices`: what becomes of an interface that a container takes over.

use super::fields::seen;
use super::*;

/// An interface of the host's goes into the container with its addresses, and is up.
#[test]
fn interfaces_taken_over_from_the_host() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Tool("ip")]) {
        return;
    }
    let ip = |line: &str| world.run(&["sh", "-c", &format!("ip {line}")]);
    let make = || {
        // With its namespace a pair is gone, when the kernel gets to it.
        let pair = "link add outer type veth peer name other";
        eventually(pair, TEN, || (ip(pair).code == 0).then_some(()));
        let _ = ip("link set outer mtu 1400 address 02:00:00:00:00:07").ok();
        let _ = ip("addr add 192.0.2.7/24 dev outer").ok();
        let _ = ip("-6 addr add 2001:db8::7/64 dev outer nodad").ok();
        let _ = ip("link set other up").ok();
    };
    make();
    let shown = "ip addr show dev inner; cat /sys/class/net/inner/operstate";
    let take = |spec: &mut Value, devices: Value| {
        spec["linux"]["netDevices"] = devices;
    };
    let out = seen(&world, shown, |spec| {
        take(spec, json!({ "outer": { "name": "inner" } }));
    });
    let text = out.ok();
    for part in [
        "192.0.2.7/24",
        "2001:db8::7/64",
        "mtu 1400",
        "02:00:00:00:00:07",
        "\nup\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    // Under its own name, and under one that is taken.
    make();
    let out = seen(&world, "ip link show outer", |spec| {
        take(spec, json!({ "outer": {} }));
    });
    assert!(out.ok().contains("outer"));
    seen(&world, "true", |spec| {
        take(spec, json!({ "nowhere": {} }));
    })
    .refused(
        1,
        "linux.netDevices[nowhere]: there is no interface nowhere",
    );
    make();
    seen(&world, "true", |spec| {
        take(spec, json!({ "outer": { "name": "lo" } }));
    })
    .refused(1, "the container has an interface lo already");
    assert!(ip("link show outer").ok().contains("outer"), "it stayed");
    seen(&world, "true", |spec| {
        take(spec, json!({ "outer": {} }));
        let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|one| one["type"] != "network");
    })
    .refused(1, "linux.netDevices are given, but no network namespace");
    let _ = ip("link del outer").ok();
}

/// An interface belongs to its namespace: where that outlives the container, it stays
/// there (the specification forbids to move it out); and `%d` is the kernel's to fill in.
#[test]
fn an_interface_stays_in_a_namespace_that_stays() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Tool("ip")]) {
        return;
    }
    let ip = |line: &str| world.run(&["sh", "-c", &format!("ip {line}")]);
    for line in [
        "netns add lasting",
        "-n lasting link add eth0 type veth peer name other0",
        "link add outer type veth peer name other",
        "addr add 192.0.2.7/24 dev outer",
    ] {
        let _ = ip(line).ok();
    }
    let out = seen(&world, "ip addr show dev eth1", |spec| {
        spec["linux"]["netDevices"] = json!({ "outer": { "name": "eth%d" } });
        let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|one| one["type"] != "network");
        let path = "/run/netns/lasting";
        namespaces.push(json!({ "type": "network", "path": path }));
    });
    let shown = out.ok();
    assert!(
        shown.contains("192.0.2.7/24") && shown.contains(",UP"),
        "{shown}"
    );
    assert_ne!(ip("link show outer").code, 0);
    let left = ip("-n lasting addr show dev eth1").ok();
    assert!(left.contains("192.0.2.7/24"), "{left}");
}
