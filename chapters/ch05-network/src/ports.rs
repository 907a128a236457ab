//! A port of the host, taken for a container.
//!
//! Translation by rules needs no socket. But a port that nobody holds could be given
//! to two containers, or to a container and a program of the host: so it is bound, and
//! held as long as it is published. Nothing is listened to, nothing is received.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, socket,
};
use workbench::steps::step;

use crate::nat::Protocol;

/// A port that is held; dropped, it is free again.
#[derive(Debug)]
pub struct Held {
    /// Its number.
    pub port: u16,
    _socket: OwnedFd,
}

/// Takes a port of the host; 0 takes any that is free.
///
/// # Errors
/// When somebody has it: [`is_taken`] tells that from other errors.
// ANCHOR: hold
pub fn hold(address: Ipv4Addr, port: u16, protocol: Protocol) -> Result<Held> {
    let kind = match protocol {
        Protocol::Tcp => SockType::Stream,
        Protocol::Udp => SockType::Datagram,
    };
    let socket = socket(AddressFamily::Inet, kind, SockFlag::SOCK_CLOEXEC, None)
        .context("open a socket to hold a port")?;
    let wanted = SockaddrIn::from(SocketAddrV4::new(address, port));
    let call = format_args!("bind({}, {wanted})", protocol.name());
    step(5, call, "who holds the port is who may publish it", || {
        bind(socket.as_raw_fd(), &wanted)
    })
    .with_context(|| format!("hold {} port {wanted}", protocol.name()))?;
    let held: SockaddrIn =
        getsockname(socket.as_raw_fd()).context("read which port it is")?;
    Ok(Held {
        port: held.port(),
        _socket: socket,
    })
}
// ANCHOR_END: hold

/// Whether [`hold`] failed since somebody has the port.
#[must_use]
pub fn is_taken(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&Errno::EADDRINUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_held_once_and_free_when_it_is_dropped() {
        let localhost = Ipv4Addr::LOCALHOST;
        let held = hold(localhost, 0, Protocol::Tcp).unwrap();
        assert_ne!(held.port, 0);
        let error = hold(localhost, held.port, Protocol::Tcp).unwrap_err();
        assert!(is_taken(&error), "{error:#}");
        assert!(std::net::TcpListener::bind((localhost, held.port)).is_err());
        let port = held.port;
        drop(held);
        hold(localhost, port, Protocol::Tcp).unwrap();
    }
}
