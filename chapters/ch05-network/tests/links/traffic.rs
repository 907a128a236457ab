//! What passes, and what does not.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use network::{Nat, Protocol, remove_nat, set_nat};
use support::{Need, needs};

use crate::village::*;

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
