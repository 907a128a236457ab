//! Netlink: questions and orders to the kernel, as datagrams (netlink(7)).
//!
//! ```text
//! datagram   = one message or several
//! message    = length, kind, flags, sequence number, port; body; padding to four bytes
//! body       = what this kind of message begins with; attributes
//! attribute  = length, kind, value, padding to four bytes; a value may be attributes
//! ```
//!
//! A message answers the request whose sequence number it has. The last answer is an
//! acknowledgement, the end of a list, or a refusal with its errno; each request asks
//! for one of them, so a refusal belongs to the request that caused it. What messages
//! mean is known elsewhere: links and addresses in `route`, rules in `nat`. Numbers are
//! the machine's own, big end or little, except where a body says otherwise.

mod attributes;
mod message;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::SndBufForce;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, connect,
    recv, send, setsockopt, socket,
};

pub(crate) use attributes::Attributes;
pub(crate) use message::{Answer, Message, REQUEST, number};

/// The largest datagram that the kernel makes of a list (`netlink_dump` in
/// `net/netlink/af_netlink.c`).
const LARGEST: usize = 32 * 1024;

/// A socket to the kernel, in the network namespace where it was opened.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl Socket {
    /// A socket to one part of the kernel.
    pub(crate) fn open(protocol: SockProtocol) -> nix::Result<Self> {
        let handle = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            protocol,
        )?;
        // Port 0 is the kernel's. The socket gets a port of its own on the way, and
        // takes messages from nobody else.
        connect(handle.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        Ok(Self(handle))
    }

    /// Raises the limit of what may be sent at once; who may not keeps the usual one.
    pub(crate) fn allow(&self, bytes: usize) {
        let _ = setsockopt(&self.0, SndBufForce, &(bytes * 2));
    }

    /// Sends a datagram with the requests of these numbers, and collects the answers
    /// until the last request is done. The first refusal is the error.
    pub(crate) fn ask(
        &self,
        datagram: &[u8],
        requests: &RangeInclusive<u32>,
    ) -> nix::Result<Vec<Answer>> {
        send(self.0.as_raw_fd(), datagram, MsgFlags::empty())?;
        let mut answers = Vec::new();
        let mut room = vec![0; LARGEST];
        while !message::take(self.receive(&mut room)?, requests, &mut answers)? {}
        Ok(answers)
    }

    fn receive<'a>(&self, room: &'a mut [u8]) -> nix::Result<&'a [u8]> {
        let length = loop {
            // With this flag the answer is how long the datagram is, not what fitted.
            match recv(self.0.as_raw_fd(), room, MsgFlags::MSG_TRUNC) {
                Err(Errno::EINTR) => {}
                answer => break answer?,
            }
        };
        match room.get(..length) {
            Some([]) => Err(Errno::EBADMSG),
            Some(datagram) => Ok(datagram),
            None => Err(Errno::EMSGSIZE),
        }
    }
}
