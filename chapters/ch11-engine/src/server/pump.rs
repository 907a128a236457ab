//! Bytes between a client and a shim, each way at its own pace.
//!
//! Nothing is kept: a client that does not read stops the copying, the shim's buffer
//! fills, and the shim decides what becomes of it. The end of one direction is handed
//! on as such (shutdown(2)) and leaves the other one alone: `cat | wc` has its answer
//! after the end of its input.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::mpsc::Sender;

use super::detach::Keys;

const PORTION: usize = 16 * 1024;

/// A client's connection, after the HTTP.
pub(super) struct Client {
    socket: UnixStream,
    /// What it sent together with its request.
    early: Vec<u8>,
}

impl Client {
    /// The socket below an upgraded connection; `None` for one that is no unix socket.
    pub(super) fn new(upgraded: Upgraded) -> Option<Self> {
        // What axum serves with wraps the connection in a type that only it knows.
        match upgrade::downcast::<TokioIo<UnixStream>>(upgraded) {
            Ok(parts) => Some(Self {
                socket: parts.io.into_inner(),
                early: parts.read_buf.to_vec(),
            }),
            Err(_) => {
                tracing::error!("an upgraded connection is no unix socket");
                None
            }
        }
    }

    /// Resolves when the client has closed its connection altogether: the end of its
    /// input alone is no reason to go.
    ///
    /// Looked at four times a second: a socket whose input has ended is ready for ever
    /// in epoll's eyes, so waiting for the next change would be a loop without a rest.
    pub(super) async fn gone(&self) {
        while !hung_up(&self.socket) {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

fn hung_up(socket: &UnixStream) -> bool {
    let mut look = [PollFd::new(socket.as_fd(), PollFlags::empty())];
    let seen = poll(&mut look, PollTimeout::ZERO);
    let [looked] = look;
    seen.is_ok()
        && looked
            .revents()
            .is_some_and(|what| what.contains(PollFlags::POLLHUP))
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The process has no more to say.
    Said,
    /// The client is gone.
    Gone,
    /// The client typed its detach keys.
    Detached,
}

/// Copies both ways until one side has enough.
///
/// The shim's connection is dropped without a shutdown unless the client ended its
/// input: that leaves the process's input open.
pub(super) async fn both_ways(
    client: &mut Client,
    shim: UnixStream,
    keys: Option<Keys>,
) -> Ended {
    let (mut from_shim, mut to_shim) = shim.into_split();
    let early = std::mem::take(&mut client.early);
    let client = &*client;
    let inwards = async {
        let mut keys = keys;
        let mut buffer = early;
        loop {
            let detach = keys.as_mut().is_some_and(|keys| keys.filter(&mut buffer));
            tokio::select! {
                biased;
                // A process that does not read its input any more is no reason to stop
                // listening to it; a client that does not wait for it, is.
                _ = to_shim.write_all(&buffer) => {}
                () = client.gone() => return Ended::Gone,
            }
            if detach {
                return Ended::Detached;
            }
            buffer.resize(PORTION, 0);
            match read(&client.socket, &mut buffer).await {
                // The end of the client's input.
                Ok(0) => {
                    let _ = to_shim.shutdown().await;
                    client.gone().await;
                    return Ended::Gone;
                }
                Ok(length) => buffer.truncate(length),
                Err(_) => return Ended::Gone,
            }
        }
    };
    let outwards = async {
        let mut buffer = vec![0; PORTION];
        loop {
            use tokio::io::AsyncReadExt;
            match from_shim.read(&mut buffer).await {
                Ok(0) | Err(_) => return Ended::Said,
                Ok(length) => {
                    let part = buffer.get(..length).unwrap_or_default();
                    if write_all(&client.socket, part).await.is_err() {
                        return Ended::Gone;
                    }
                }
            }
        }
    };
    tokio::select! {
        ended = inwards => ended,
        ended = outwards => ended,
    }
}

/// Copies what the shim says into a body.
pub(super) async fn outwards(shim: &UnixStream, lines: Sender<Vec<u8>>) {
    let mut buffer = vec![0; PORTION];
    loop {
        let length = tokio::select! {
            read = read(shim, &mut buffer) => read.unwrap_or(0),
            () = lines.closed() => 0,
        };
        let part = buffer.get(..length).unwrap_or_default();
        if length == 0 || lines.send(part.to_vec()).await.is_err() {
            return;
        }
    }
}

async fn read(socket: &UnixStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        socket.readable().await?;
        match socket.try_read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

async fn write_all(socket: &UnixStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        socket.writable().await?;
        match socket.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn client(socket: UnixStream) -> Client {
        Client {
            socket,
            early: b"early ".to_vec(),
        }
    }

    async fn pumped(socket: UnixStream, shim: UnixStream) -> Ended {
        both_ways(&mut client(socket), shim, None).await
    }

    #[tokio::test]
    async fn the_end_of_input_leaves_the_output_open() {
        let (mut user, socket) = UnixStream::pair().unwrap();
        let (shim_side, mut shim) = UnixStream::pair().unwrap();
        let pumping = tokio::spawn(pumped(socket, shim_side));
        user.write_all(b"input").await.unwrap();
        user.shutdown().await.unwrap();
        let mut text = String::new();
        shim.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "early input");
        shim.write_all(b"answer").await.unwrap();
        drop(shim);
        let mut text = String::new();
        user.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "answer");
        assert_eq!(pumping.await.unwrap(), Ended::Said);
    }

    #[tokio::test]
    async fn a_client_that_is_gone_is_let_go() {
        let (user, socket) = UnixStream::pair().unwrap();
        let (shim_side, mut shim) = UnixStream::pair().unwrap();
        let pumping = tokio::spawn(pumped(socket, shim_side));
        drop(user);
        tokio::time::timeout(Duration::from_secs(5), pumping)
            .await
            .unwrap()
            .unwrap();
        let mut text = String::new();
        shim.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "early ");
    }

    #[tokio::test]
    async fn a_parked_client_that_leaves_is_noticed() {
        let (mut user, socket) = UnixStream::pair().unwrap();
        let client = client(socket);
        user.write_all(b"typed ahead").await.unwrap();
        let gone = tokio::spawn(async move { client.gone().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!gone.is_finished(), "it has only typed");
        drop(user);
        tokio::time::timeout(Duration::from_secs(5), gone)
            .await
            .unwrap()
            .unwrap();
    }
}
