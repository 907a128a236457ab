//! A conversation with the kernel about links, addresses and routes (rtnetlink(7)).
//!
//! Each request is one message and is done before the next one is sent.

mod address;
mod link;
mod requests;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::SockProtocol;
use workbench::steps::step;

use crate::netlink::{Answer, Message, REQUEST, Socket};
pub(crate) use address::Address;
pub(crate) use link::Link;
pub use requests::subnets_in_use;

/// A message that asks for something or wants it done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

impl Request {
    /// Makes something that is not there yet; EEXIST if it is.
    pub(crate) fn make(kind: u16, body: Vec<u8>) -> Self {
        let flags = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;
        Self { kind, flags, body }
    }

    /// Is about one thing that is there: changes it, removes it, asks for it.
    pub(crate) fn about(kind: u16, body: Vec<u8>) -> Self {
        let flags = 0;
        Self { kind, flags, body }
    }

    /// Asks for all of a kind.
    pub(crate) fn list(kind: u16, body: Vec<u8>) -> Self {
        let flags = libc::NLM_F_DUMP as u16;
        Self { kind, flags, body }
    }
}

/// A socket to the kernel, in the network namespace where it was opened.
#[derive(Debug)]
pub(crate) struct Route {
    socket: Socket,
    /// The number of the latest request.
    sequence: Cell<u32>,
}

impl Route {
    /// A socket in the caller's network namespace.
    pub(crate) fn open() -> Result<Self> {
        let socket =
            Socket::open(SockProtocol::NetlinkRoute).context("open a netlink socket")?;
        let sequence = Cell::new(0);
        Ok(Self { socket, sequence })
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

    /// Sends one request, announced as `call`, and waits until it is done.
    pub(crate) fn tell(
        &self,
        request: &Request,
        call: &str,
        why: &str,
    ) -> nix::Result<()> {
        step(5, format_args!("{call}"), why, || {
            self.ask(request).map(drop)
        })
    }

    /// Sends one request and collects what comes back, up to its end.
    pub(crate) fn ask(&self, request: &Request) -> nix::Result<Vec<Answer>> {
        let number = self.sequence.get().wrapping_add(1);
        self.sequence.set(number);
        let message = Message {
            kind: request.kind,
            // A list ends by itself, and is not acknowledged though it is asked for.
            flags: request.flags | REQUEST | libc::NLM_F_ACK as u16,
            sequence: number,
            body: &request.body,
        };
        let mut datagram = Vec::new();
        message.write(&mut datagram);
        self.socket.ask(&datagram, &(number..=number))
    }
}
