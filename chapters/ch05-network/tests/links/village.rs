//! Hosts, containers and what passes between them, for the tests beside.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::Duration;

use network::{
    Endpoint, Mac, Network, Protocol, Publish, Subnet, attach, ensure_bridge, loopback_up,
};
use nix::sched::{CloneFlags, setns, unshare};

/// Does `what` in a new network namespace with its loopback up.
pub(crate) fn as_host(what: impl FnOnce() + Send) {
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
pub(crate) struct Container(pub(crate) File);

impl Container {
    pub(crate) fn new() -> Self {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            loopback_up().unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        Self(made.join().unwrap())
    }

    pub(crate) fn connected(bridge: &str, address: [u8; 4]) -> Self {
        let container = Self::new();
        let [a, b, c, d] = address;
        let gateway = Ipv4Addr::new(a, b, c, 1);
        let endpoint = endpoint(&format!("v-{bridge}-{d}"), address.into(), gateway);
        attach(container.0.as_fd(), bridge, &endpoint).unwrap();
        container
    }

    pub(crate) fn inside<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
                what()
            });
            visitor.join().unwrap()
        })
    }

    /// A socket stays where it is opened: this one listens in the container.
    pub(crate) fn listen(&self, port: u16) -> TcpListener {
        self.inside(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap())
    }

    pub(crate) fn reaches(&self, address: &str) -> bool {
        self.inside(|| reaches(address))
    }
}

pub(crate) fn reaches(address: &str) -> bool {
    // A first packet may get lost while a bridge learns; it is sent again after a second.
    let limit = Duration::from_secs(3);
    TcpStream::connect_timeout(&address.parse().unwrap(), limit).is_ok()
}

pub(crate) fn endpoint(
    host_name: &str,
    address: Ipv4Addr,
    gateway: Ipv4Addr,
) -> Endpoint {
    Endpoint {
        host_name: host_name.into(),
        name_inside: "eth0".into(),
        address,
        prefix: 24,
        gateway: Some(gateway),
        mac: Mac::of(address),
    }
}

pub(crate) fn bridge(name: &str, third: u8) -> Network {
    let gateway = Ipv4Addr::new(10, 77, third, 1);
    ensure_bridge(name, gateway, 24).unwrap();
    Network {
        bridge: name.into(),
        subnet: Subnet::around(gateway, 24),
        internal: false,
    }
}

pub(crate) fn publish(host_ip: [u8; 4], host_port: u16, to: &str) -> Publish {
    Publish {
        host_ip: host_ip.into(),
        host_port,
        protocol: Protocol::Tcp,
        to: to.parse().unwrap(),
    }
}

pub(crate) fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn links() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let names = text
        .lines()
        .skip(2)
        .map(|line| line.split(':').next().unwrap());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}
