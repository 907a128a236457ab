//! Ports: read, and claimed once.

use super::*;

fn publish(host_ip: [u8; 4], host_port: u16) -> Publish {
    let to = SocketAddrV4::new(Ipv4Addr::new(172, 17, 0, 2), 80);
    Publish {
        host_ip: host_ip.into(),
        host_port,
        protocol: Protocol::Tcp,
        to,
    }
}

#[test]
fn a_port_is_given_once() {
    let free = claim("127.0.0.1:0".parse().unwrap(), Protocol::Tcp, &[]).unwrap();
    assert_ne!(free, 0);
    let all = publish([0, 0, 0, 0], free);
    let wanted = SocketAddrV4::new(Ipv4Addr::LOCALHOST, free);
    let error = claim(wanted, Protocol::Tcp, &[&all]).unwrap_err();
    assert!(error.to_string().contains("port is already allocated"));
    assert!(claim(wanted, Protocol::Udp, &[&all]).is_ok());
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let std::net::SocketAddr::V4(held_at) = held.local_addr().unwrap() else {
        panic!("not v4")
    };
    let error = claim(held_at, Protocol::Tcp, &[]).unwrap_err();
    assert!(error.to_string().contains("port is already allocated"));
}

#[test]
fn ports_are_read() {
    assert_eq!(parse_port("80/udp").unwrap(), (80, Protocol::Udp));
    assert_eq!(parse_port("80").unwrap(), (80, Protocol::Tcp));
    assert!(parse_port("x/tcp").is_err());
    assert!(parse_port("80/sctp").is_err());
}
