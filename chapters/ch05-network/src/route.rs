//! A conversation with the kernel about links, addresses and routes (rtnetlink(7)).
//!
//! Each request is one message and is acknowledged before the next one is sent, so a
//! refusal belongs to the request that caused it.

mod requests;

use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, bail};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use workbench::steps::step;

pub use requests::subnets_in_use;
pub(crate) use requests::{kind_of, named};

/// A request that makes something new, and one that changes what is there.
pub(crate) const MAKE: u16 = NLM_F_CREATE | NLM_F_EXCL;
pub(crate) const CHANGE: u16 = 0;

/// A socket to the kernel, in the network namespace where it was opened.
pub(crate) struct Route(Socket);

impl Route {
    /// A socket in the caller's network namespace.
    pub(crate) fn open() -> Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).context("open a netlink socket")?;
        socket.bind_auto().context("bind the netlink socket")?;
        let kernel = SocketAddr::new(0, 0);
        socket.connect(&kernel).context("connect to the kernel")?;
        Ok(Self(socket))
    }

    /// A socket in another network namespace. A socket stays where it was made, so a
    /// thread goes there, opens it, and ends; this one never leaves.
    // ANCHOR: open_in
    pub(crate) fn open_in(namespace: BorrowedFd<'_>) -> Result<Self> {
        let opened = std::thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET)
                    .context("enter the network namespace")?;
                Self::open()
            });
            visitor.join()
        });
        let Ok(answer) = opened else {
            bail!("the thread in the network namespace panicked");
        };
        answer
    }
    // ANCHOR_END: open_in

    /// Sends one request, announced as `call`, and waits for its acknowledgement.
    pub(crate) fn request(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
        call: &str,
        why: &str,
    ) -> nix::Result<()> {
        step(5, format_args!("{call}"), why, || {
            self.exchange(message, flags | NLM_F_ACK).map(drop)
        })
    }

    /// Sends a message and collects what comes back, up to its end.
    pub(crate) fn exchange(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> nix::Result<Vec<RouteNetlinkMessage>> {
        let mut header = NetlinkHeader::default();
        header.flags = flags | NLM_F_REQUEST;
        let mut message =
            NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.0.send(&bytes, 0).map_err(errno)?;
        let mut answers = Vec::new();
        loop {
            let (datagram, _) = self.0.recv_from_full().map_err(errno)?;
            if take(&datagram, &mut answers)? || flags & (NLM_F_ACK | NLM_F_DUMP) == 0 {
                return Ok(answers);
            }
        }
    }
}

/// Reads the messages of one datagram; true when they end the answer.
fn take(datagram: &[u8], answers: &mut Vec<RouteNetlinkMessage>) -> nix::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
            .map_err(|_| Errno::EBADMSG)?;
        // Each message is padded to four bytes, but the last one need not be.
        let length = (message.header.length as usize).next_multiple_of(4);
        match message.payload {
            NetlinkPayload::InnerMessage(answer) => answers.push(answer),
            NetlinkPayload::Error(error) => match error.code {
                Some(code) => return Err(Errno::from_raw(code.get().saturating_neg())),
                None => return Ok(true),
            },
            NetlinkPayload::Done(_) => return Ok(true),
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(false)
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
