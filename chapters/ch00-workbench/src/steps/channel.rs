//! The socket that carries the steps (unix(7), `SOCK_SEQPACKET`).
//!
//! The receiver asks for `SO_PASSCRED`: the kernel then writes the sender's pid
//! beside each datagram, translated into the receiver's pid namespace. So PID 1 of a
//! container, which believes it is 1, shows up under its host pid without knowing it.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{PassCred, SndBuf};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixCredentials,
    recvmsg, setsockopt, socketpair,
};
use std::os::fd::AsFd;

use super::Step;

/// No step is longer; what is longer is cut by the kernel and dropped by the reader.
const LONGEST: usize = 16 * 1024;

/// The end at which steps arrive.
#[derive(Debug)]
pub struct Receiver(OwnedFd);

/// Makes a channel: the sender for [`super::send_to`] and the receiver.
///
/// Both ends are close-on-exec: no program that a container runs inherits them.
///
/// # Errors
/// When the process may open no more descriptors.
pub fn channel() -> Result<(OwnedFd, Receiver)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let (sender, receiver) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)
            .context("make a socket pair for the steps")?;
    setsockopt(&receiver, PassCred, &true).context("ask who sends the steps")?;
    // Steps wait here until somebody reads them; the kernel caps the wish at wmem_max.
    let _ = setsockopt(&sender, SndBuf, &(1 << 20));
    Ok((sender, Receiver(receiver)))
}

pub(super) fn send(sink: &OwnedFd, text: &[u8]) -> nix::Result<usize> {
    nix::sys::socket::send(sink.as_raw_fd(), text, MsgFlags::MSG_NOSIGNAL)
}

enum Received {
    Step(Step),
    Unreadable,
    Nothing,
    End,
}

impl Receiver {
    /// The steps that have arrived so far; does not wait.
    #[must_use]
    pub fn drain(&self) -> Vec<Step> {
        self.collect(false)
    }

    /// All steps, until every process that holds the sender is gone.
    #[must_use]
    pub fn read_to_end(self) -> Vec<Step> {
        self.collect(true)
    }

    fn collect(&self, to_end: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            match self.receive() {
                Received::Step(step) => steps.push(step),
                Received::Unreadable => {}
                Received::Nothing if to_end => wait_readable(self.0.as_fd()),
                Received::Nothing | Received::End => return steps,
            }
        }
    }

    fn receive(&self) -> Received {
        let mut text = [0_u8; LONGEST];
        let mut room = nix::cmsg_space!(UnixCredentials);
        let mut parts = [IoSliceMut::new(&mut text)];
        let answer = recvmsg::<()>(
            self.0.as_raw_fd(),
            &mut parts,
            Some(&mut room),
            MsgFlags::empty(),
        );
        let (length, pid) = match answer {
            Ok(message) if message.bytes == 0 => return Received::End,
            Ok(message) => (message.bytes, sender_pid(&message)),
            Err(Errno::EAGAIN) => return Received::Nothing,
            Err(Errno::EINTR) => return Received::Unreadable,
            Err(_) => return Received::End,
        };
        match serde_json::from_slice::<Step>(&text[..length]) {
            // A step that is told on keeps the process that made it.
            Ok(step) if step.pid != 0 => Received::Step(step),
            Ok(step) => Received::Step(Step { pid, ..step }),
            Err(_) => Received::Unreadable,
        }
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn sender_pid(message: &nix::sys::socket::RecvMsg<'_, '_, ()>) -> i32 {
    let Ok(mut messages) = message.cmsgs() else {
        return 0;
    };
    messages
        .find_map(|control| match control {
            ControlMessageOwned::ScmCredentials(who) => Some(who.pid()),
            _ => None,
        })
        .unwrap_or(0)
}

fn wait_readable(fd: BorrowedFd<'_>) {
    let _ = poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::NONE);
}
