//! Bridges, pairs and rules in network namespaces of the test's own.
//!
//! A namespace belongs to a thread as well as to a process: each test is a thread in a
//! new one, which plays the host, and the library is called from there. Nothing of the
//! machine's own network is touched, and all of it ends with the thread.

#![expect(
    clippy::unwrap_used,
    reason = "what the helpers of tests meet is a failure"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::Duration;

use network::{
    Endpoint, Mac, Nat, Network, Protocol, Publish, Subnet, attach, detach,
    ensure_bridge, loopback_up, nat, remove_bridge, remove_nat, set_nat,
};
use nix::sched::{CloneFlags, setns, unshare};
use support::{Need, needs};

/// Does `what` in a new network namespace with its loopback up.
fn as_host(what: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let host = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            loopback_up().unwrap();
            what();
        });
        if let Err(panic) = host.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// A network namespace without a process; it ends with the file.
struct Container(File);

impl Container {
    fn new() -> Self {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            loopback_up().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        Self(made.join().unwrap())
    }

    fn connected(bridge: &str, address: [u8; 4]) -> Self {
        let container = Self::new();
        let [a, b, c, d] = address;
        let gateway = Ipv4Addr::new(a, b, c, 1);
        let endpoint = endpoint(&format!("v-{bridge}-{d}"), address.into(), gateway);
        attach(container.0.as_fd(), bridge, &endpoint).unwrap();
        container
    }

    fn inside<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
                what()
            });
            visitor.join().unwrap()
        })
    }

    /// A socket stays where it is opened: this one listens in the container.
    fn listen(&self, port: u16) -> TcpListener {
        self.inside(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap())
    }

    fn reaches(&self, address: &str) -> bool {
        self.inside(|| reaches(address))
    }
}

fn reaches(address: &str) -> bool {
    let limit = Duration::from_millis(700);
    TcpStream::connect_timeout(&address.parse().unwrap(), limit).is_ok()
}

fn endpoint(host_name: &str, address: Ipv4Addr, gateway: Ipv4Addr) -> Endpoint {
    Endpoint {
        host_name: host_name.into(),
        name_inside: "eth0".into(),
        address,
        prefix: 24,
        gateway: Some(gateway),
        mac: Mac::of(address),
    }
}

fn bridge(name: &str, third: u8) -> Network {
    let gateway = Ipv4Addr::new(10, 77, third, 1);
    ensure_bridge(name, gateway, 24).unwrap();
    Network {
        bridge: name.into(),
        subnet: Subnet::around(gateway, 24),
        internal: false,
    }
}

fn publish(host_ip: [u8; 4], host_port: u16, to: &str) -> Publish {
    Publish {
        host_ip: host_ip.into(),
        host_port,
        protocol: Protocol::Tcp,
        to: to.parse().unwrap(),
    }
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn links() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let names = text
        .lines()
        .skip(2)
        .map(|line| line.split(':').next().unwrap());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}

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

#[test]
fn a_container_goes_out_under_the_hosts_address() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        let world = bridge("world", 9);
        let server = Container::connected("world", [10, 77, 9, 2]);
        let network = bridge("br", 0);
        let inside = Container::connected("br", [10, 77, 0, 2]);
        // The world's bridge is no network of ours: there is no rule about it.
        set_nat(&Nat {
            networks: vec![network],
            published: vec![],
        })
        .unwrap();
        let listener = server.listen(7000);
        assert!(inside.reaches("10.77.9.2:7000"));
        let (_, from) = listener.accept().unwrap();
        assert_eq!(from.ip().to_string(), "10.77.9.1");
        // And nobody comes in who was not asked for.
        let private = inside.listen(80);
        assert!(!server.reaches("10.77.0.2:80"));
        assert!(reaches("10.77.0.2:80"), "the host itself may");
        drop((private, world));
    });
}

#[test]
fn published_ports_lead_in_from_everywhere() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        bridge("world", 9);
        let outside = Container::connected("world", [10, 77, 9, 2]);
        let network = bridge("br", 0);
        let server = Container::connected("br", [10, 77, 0, 2]);
        let sibling = Container::connected("br", [10, 77, 0, 3]);
        set_nat(&Nat {
            networks: vec![network],
            published: vec![
                publish([0; 4], 8080, "10.77.0.2:80"),
                publish([127, 0, 0, 1], 8081, "10.77.0.2:80"),
            ],
        })
        .unwrap();
        let listener = server.listen(80);
        assert!(outside.reaches("10.77.9.1:8080"), "from outside");
        assert!(reaches("127.0.0.1:8080"), "from the host, at its loopback");
        assert!(
            reaches("10.77.9.1:8080"),
            "from the host, at another address"
        );
        assert!(sibling.reaches("10.77.0.1:8080"), "from a neighbour");
        assert!(server.reaches("10.77.9.1:8080"), "from itself");
        assert!(reaches("127.0.0.1:8081"), "from the host only");
        assert!(
            !outside.reaches("10.77.9.1:8081"),
            "from outside, though private"
        );
        drop(listener);
    });
}

#[test]
fn networks_do_not_see_each_other_and_internal_ones_nobody() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        bridge("world", 9);
        let outside = Container::connected("world", [10, 77, 9, 2]);
        let mut internal = bridge("inner", 2);
        internal.internal = true;
        let networks = vec![bridge("one", 0), bridge("two", 1), internal];
        let one = Container::connected("one", [10, 77, 0, 2]);
        let two = Container::connected("two", [10, 77, 1, 2]);
        let inner = Container::connected("inner", [10, 77, 2, 2]);
        let friend = Container::connected("inner", [10, 77, 2, 3]);
        set_nat(&Nat {
            networks,
            published: vec![],
        })
        .unwrap();
        let listeners = [&one, &two, &inner, &outside].map(|c| c.listen(80));
        assert!(!one.reaches("10.77.1.2:80"), "one to two");
        assert!(!two.reaches("10.77.2.2:80"), "two to inner");
        assert!(!inner.reaches("10.77.9.2:80"), "inner to the world");
        assert!(one.reaches("10.77.9.2:80"), "one to the world");
        assert!(friend.reaches("10.77.2.2:80"), "within inner");
        drop(listeners);
    });
}

#[test]
fn datagrams_come_in_and_their_answers_out() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        let network = bridge("br", 0);
        let server = Container::connected("br", [10, 77, 0, 2]);
        let mut udp = publish([0; 4], 5300, "10.77.0.2:53");
        udp.protocol = Protocol::Udp;
        set_nat(&Nat {
            networks: vec![network],
            published: vec![udp],
        })
        .unwrap();
        let service = server.inside(|| UdpSocket::bind("0.0.0.0:53").unwrap());
        let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
        for socket in [&service, &asker] {
            socket
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
        }
        let target = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5300);
        asker.send_to(b"who?", target).unwrap();
        let mut bytes = [0; 16];
        let (length, from) = service.recv_from(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"who?");
        service.send_to(b"me", from).unwrap();
        let (length, from) = asker.recv_from(&mut bytes).unwrap();
        assert_eq!((&bytes[..length], from), (&b"me"[..], target.into()));
    });
}

#[test]
fn a_neighbour_does_not_reach_the_hosts_loopback() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        let network = bridge("br", 0);
        let container = Container::connected("br", [10, 77, 0, 2]);
        set_nat(&Nat {
            networks: vec![network],
            published: vec![],
        })
        .unwrap();
        let secret = TcpListener::bind("127.0.0.1:9000").unwrap();
        container.inside(|| {
            let sysctl = "/proc/sys/net/ipv4/conf/eth0/route_localnet";
            std::fs::write(sysctl, "1").unwrap();
            output("ip", &["addr", "del", "127.0.0.1/8", "dev", "lo"]);
            output("ip", &["route", "flush", "table", "local", "127.0.0.0/8"]);
            output("ip", &["route", "add", "127.0.0.0/8", "via", "10.77.0.1"]);
        });
        assert!(!container.reaches("127.0.0.1:9000"));
        // Without the guard it would: else this test proves nothing.
        remove_nat().unwrap();
        assert!(container.reaches("127.0.0.1:9000"));
        drop(secret);
    });
}

#[test]
fn bytes_arrive_whole() {
    if !needs(&[Need::Root]) {
        return;
    }
    as_host(|| {
        bridge("br", 0);
        let one = Container::connected("br", [10, 77, 0, 2]);
        let two = Container::connected("br", [10, 77, 0, 3]);
        let listener = one.listen(80);
        let mut sender = two.inside(|| TcpStream::connect("10.77.0.2:80").unwrap());
        let (mut receiver, _) = listener.accept().unwrap();
        let text = vec![b'x'; 1 << 20];
        thread::scope(|scope| {
            scope.spawn(|| {
                sender.write_all(&text).unwrap();
                sender.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut arrived = Vec::new();
            receiver.read_to_end(&mut arrived).unwrap();
            assert_eq!(arrived.len(), text.len());
        });
    });
}
