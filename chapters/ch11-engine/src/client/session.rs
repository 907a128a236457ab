//! A container's streams, carried between the daemon's connection and ours.
//!
//! Towards the container: what is typed, then the end of it, which is half of the
//! connection closed (shutdown(2)); output still comes. From it: frames, or a
//! terminal's bytes.

use std::future::pending;
use std::pin::pin;

use anyhow::{Context, Result};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split, stderr, stdin, stdout,
};
use tokio::select;

use super::Client;
use super::body::Body;
use super::frames::{Channel, Frames};
use super::http::Hijacked;
use super::terminal::{DetachKeys, Follower, Raw};

const PIECE: usize = 32 * 1024;

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The daemon closed the stream: the process is gone.
    Closed,
    /// The user typed the keys that leave it alone.
    Detached,
}

/// What is to be carried.
#[derive(Debug)]
pub struct Session {
    /// The connection that was taken over.
    pub stream: Hijacked,
    /// The process has a terminal: no frames, and ours becomes raw.
    pub terminal: bool,
    /// Our standard input is the container's.
    pub stdin: bool,
    /// The keys that leave, when ours is a terminal.
    pub detach: DetachKeys,
}

impl Session {
    /// As [`Session::carry`], while a terminal of the daemon's side follows ours.
    ///
    /// # Errors
    /// Those of [`Session::carry`] and [`Follower::follow`].
    pub async fn carry_sized(
        self,
        client: &Client,
        follower: Option<Follower<'_>>,
    ) -> Result<Ended> {
        let Some(follower) = follower else {
            return self.carry().await;
        };
        select! {
            ended = self.carry() => ended,
            never = follower.follow(client) => match never? {},
        }
    }

    /// Carries until the stream or the user's patience ends.
    ///
    /// # Errors
    /// When the connection breaks, or nobody reads our output.
    pub async fn carry(self) -> Result<Ended> {
        let raw = match self.terminal && self.stdin {
            true => Raw::enter()?,
            false => None,
        };
        let detach = raw.is_some().then_some(self.detach);
        let (from, to) = split(self.stream);
        let input = async {
            match self.stdin {
                true => carry_in(stdin(), to, detach).await,
                false => carry_in(tokio::io::empty(), to, None).await,
            }
        };
        let output = carry_out(from, self.terminal, stdout(), stderr());
        race(input, output).await
    }
}

/// Prints a log, whole or as it comes.
///
/// # Errors
/// When the connection breaks, or nobody reads our output.
pub async fn print(mut log: Body, terminal: bool) -> Result<()> {
    let mut printer = Printer::new(terminal, stdout(), stderr());
    while let Some(bytes) = log.next().await? {
        printer.print(&bytes).await?;
    }
    Ok(())
}

async fn race(
    input: impl Future<Output = bool>,
    output: impl Future<Output = Result<()>>,
) -> Result<Ended> {
    let input = async {
        if !input.await {
            // No more to type; the process may still have something to say.
            pending::<()>().await;
        }
    };
    let (input, output) = (pin!(input), pin!(output));
    select! {
        done = output => done.map(|()| Ended::Closed),
        () = input => Ok(Ended::Detached),
    }
}

/// Carries what is typed, then its end; `true` when the detach keys were typed.
async fn carry_in(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut detach: Option<DetachKeys>,
) -> bool {
    let mut piece = vec![0; PIECE];
    // An input that fails has ended; a container that does not read does not mind.
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let (typed, left) = match &mut detach {
            Some(keys) => keys.feed(&piece[..length]),
            None => (piece[..length].to_vec(), false),
        };
        if to.write_all(&typed).await.is_err() || to.flush().await.is_err() {
            return left;
        }
        if left {
            return true;
        }
    }
    let _ = to.shutdown().await;
    false
}

async fn carry_out(
    mut from: impl AsyncRead + Unpin,
    terminal: bool,
    out: impl AsyncWrite + Unpin,
    err: impl AsyncWrite + Unpin,
) -> Result<()> {
    let mut printer = Printer::new(terminal, out, err);
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await;
        match read.context("read the container's streams")? {
            0 => return Ok(()),
            length => printer.print(&piece[..length]).await?,
        }
    }
}

/// Takes a stream apart and writes each part where it belongs.
struct Printer<O, E> {
    frames: Option<Frames>,
    out: O,
    err: E,
}

impl<O: AsyncWrite + Unpin, E: AsyncWrite + Unpin> Printer<O, E> {
    fn new(terminal: bool, out: O, err: E) -> Self {
        let frames = (!terminal).then(Frames::default);
        Self { frames, out, err }
    }

    async fn print(&mut self, bytes: &[u8]) -> Result<()> {
        let parts = match &mut self.frames {
            Some(frames) => frames.feed(bytes)?,
            None => vec![(Channel::Out, bytes)],
        };
        for (channel, part) in parts {
            let written = match channel {
                Channel::Out => self.out.write_all(part).await,
                Channel::Err => self.err.write_all(part).await,
            };
            written.context("write the container's output")?;
        }
        self.out
            .flush()
            .await
            .context("write the container's output")?;
        self.err
            .flush()
            .await
            .context("write the container's output")
    }
}

#[cfg(test)]
mod tests;
