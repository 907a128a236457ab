//! The line between two processes: datagrams with a tag, a text, and descriptors
//! (unix(7): `SOCK_SEQPACKET`, `SCM_RIGHTS`).
//!
//! Both ends are close-on-exec. So the end of file *is* the news that exec happened,
//! and no program ever inherits an end.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType,
    recvmsg, sendmsg, socketpair,
};

/// One end of a line.
#[derive(Debug)]
pub struct Line(OwnedFd);

/// What arrives on a line.
#[derive(Debug)]
pub struct Message {
    /// What kind of message it is.
    pub tag: u8,
    /// Its words.
    pub text: String,
    /// The descriptors that came along.
    pub descriptors: Vec<OwnedFd>,
}

/// Makes a line, and returns its two ends.
///
/// # Errors
/// When the process may open no more descriptors.
pub fn pair() -> Result<(Line, Line)> {
    let ends = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    );
    let (one, other) = ends.context("make a socket pair to report on")?;
    Ok((Line(one), Line(other)))
}

/// No message is longer; longer reports are cut.
const LONGEST: usize = 8 * 1024;

/// No message brings more descriptors (the kernel's `SCM_MAX_FD`).
const MOST: usize = 253;

impl Line {
    /// Sends a message.
    ///
    /// # Errors
    /// When the other end is closed.
    pub fn send(&self, tag: u8, text: &str, with: &[BorrowedFd<'_>]) -> Result<()> {
        let tag = [tag];
        let words = &text.as_bytes()[..text.len().min(LONGEST - 1)];
        let parts = [IoSlice::new(&tag), IoSlice::new(words)];
        let numbers: Vec<_> = with.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = (!with.is_empty()).then(|| ControlMessage::ScmRights(&numbers));
        sendmsg::<()>(
            self.0.as_raw_fd(),
            &parts,
            rights.as_slice(),
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .context("send on the line to the other process")?;
        Ok(())
    }

    /// Waits for a message; `None` when the other end was closed.
    ///
    /// # Errors
    /// When recvmsg(2) refuses.
    pub fn receive(&self) -> Result<Option<Message>> {
        let mut text = vec![0_u8; LONGEST];
        let mut room = nix::cmsg_space!([i32; MOST]);
        let (length, descriptors) = loop {
            let mut parts = [IoSliceMut::new(&mut text)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            match recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut room), flags) {
                Ok(message) => break (message.bytes, received(&message)),
                // It died with a message of ours unread. The kernel says so once, and
                // then hands over what that process had said before.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Err(errno) => return Err(errno).context("receive on the line"),
            }
        };
        if length == 0 {
            return Ok(None);
        }
        let words = String::from_utf8_lossy(&text[1..length]).into_owned();
        Ok(Some(Message {
            tag: text[0],
            text: words,
            descriptors,
        }))
    }

    /// Waits for a message with this tag.
    ///
    /// # Errors
    /// When the line ends, or something else comes.
    pub fn expect(&self, tag: u8) -> Result<Message> {
        match self.receive()? {
            Some(message) if message.tag == tag => Ok(message),
            Some(message) => bail!("expected {:?}, got {message:?}", char::from(tag)),
            None => bail!("the process at the other end of the line is gone"),
        }
    }
}

/// The descriptor, for whoever polls.
impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits for one message of a socket, and takes the descriptor that it brings, if any.
///
/// # Errors
/// When recvmsg(2) refuses.
pub fn receive_descriptor(socket: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let mut data = [0_u8; 4096];
    let mut parts = [IoSliceMut::new(&mut data)];
    let mut room = nix::cmsg_space!([i32; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut room), flags)
        .context("receive a descriptor")?;
    Ok(received(&message).into_iter().next())
}

/// Sends one message with a descriptor to a socket, whose other end takes it by
/// [`receive_descriptor`].
///
/// # Errors
/// When the other end is gone.
pub fn send_descriptor(
    socket: BorrowedFd<'_>,
    data: &[u8],
    descriptor: BorrowedFd<'_>,
) -> Result<(), Errno> {
    let descriptors = [descriptor.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let parts = [IoSlice::new(data)];
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<()>(socket.as_raw_fd(), &parts, &rights, flags, None).map(drop)
}

fn received(message: &nix::sys::socket::RecvMsg<'_, '_, ()>) -> Vec<OwnedFd> {
    let numbers = message.cmsgs().into_iter().flatten().flat_map(|control| {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            numbers
        } else {
            Vec::new()
        }
    });
    // SAFETY: the kernel has just made these descriptors for this process, and the
    // control message that names them is read once.
    numbers
        .map(|number| unsafe { OwnedFd::from_raw_fd(number) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_borders_and_bring_descriptors() {
        let (one, other) = pair().unwrap();
        one.send(b'a', "first", &[]).unwrap();
        one.send(b'b', "", &[one.as_fd(), one.as_fd()]).unwrap();
        let first = other.receive().unwrap().unwrap();
        assert_eq!((first.tag, first.text.as_str()), (b'a', "first"));
        assert!(first.descriptors.is_empty());
        let second = other.expect(b'b').unwrap();
        assert_eq!(second.descriptors.len(), 2);
        drop(second);
        drop(one);
        assert!(other.receive().unwrap().is_none());
    }

    #[test]
    fn the_last_word_arrives_of_one_who_did_not_listen() {
        let (ours, theirs) = pair().unwrap();
        theirs.send(b'F', "why", &[]).unwrap();
        ours.send(b'G', "", &[]).unwrap();
        drop(theirs);
        assert_eq!(ours.receive().unwrap().unwrap().text, "why");
        assert!(ours.receive().unwrap().is_none());
    }
}
