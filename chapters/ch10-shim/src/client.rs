//! The daemon's side: start a shim, find it again, ask it.
//!
//! All blocking, over [`UnixStream`]: the daemon calls it on threads that may wait, and
//! gives the streams that come out of it to its event loop.

mod bury;
mod spawn;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::unistd::Pid;

use crate::config::Folder;
use crate::protocol::{
    Answer, Exec, Exit, Ready, Refusal, Reply, Request, Status, Streams,
};
use crate::socket;

pub use bury::bury;
pub use spawn::{Program, spawn};

/// Why a shim did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It said so.
    #[error("{}", .0.error)]
    Refused(Refusal),
    /// It is gone, or was never there; [`bury`] what it left behind.
    #[error("the container's shim is gone")]
    Gone,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A shim, by the folder it lives in. Each request is a connection of its own.
#[derive(Clone, Debug)]
pub struct Shim(Folder);

/// A request that was sent and waits for its answer.
#[derive(Debug)]
pub struct Pending {
    stream: BufReader<UnixStream>,
    shim: Shim,
}

/// How long a shim may take to answer what it answers at once. It never waits for the
/// container; what exceeds this is a stopped shim.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take before one looks whether it is there at all.
const DOUBT: Duration = Duration::from_secs(1);

impl Shim {
    /// The shim that lives in `folder`.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self(folder)
    }

    /// Whether the shim lives. Its socket does not tell: a created container's first
    /// process is a copy of it until it becomes its program, and holds the socket too.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let since = |pid| {
            runtime::state::start_time(Pid::from_raw(pid))
                .ok()
                .flatten()
        };
        self.family()
            .is_some_and(|who| since(who.shim_pid) == Some(who.shim_start_time))
    }

    /// Who lives in the folder, or did; `None` when nobody ever did, or all has been
    /// cleared away.
    #[must_use]
    pub fn family(&self) -> Option<Ready> {
        serde_json::from_slice(&std::fs::read(self.0.pid()).ok()?).ok()
    }

    /// Lets the created container exec its program; returns its pid.
    ///
    /// # Errors
    /// As for all requests, see [`Error`]; a program that cannot be run is refused
    /// here, or at the creation already.
    pub fn start(&self) -> Result<i32, Error> {
        let reply = self.ask(&Request::Start)?;
        Ok(reply.pid.unwrap_or_default())
    }

    /// What the container does, and its pid.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn state(&self) -> Result<(Status, i32), Error> {
        let reply = self.ask(&Request::State)?;
        let status = reply.status.unwrap_or(Status::Stopped);
        Ok((status, reply.pid.unwrap_or_default()))
    }

    /// Sends a signal, to the first process or to all; a paused container is resumed,
    /// so that the signal arrives.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn kill(&self, signal: i32, all: bool) -> Result<(), Error> {
        self.ask(&Request::Kill { signal, all }).map(drop)
    }

    /// Freezes all processes of the container.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn pause(&self) -> Result<(), Error> {
        self.ask(&Request::Pause).map(drop)
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn resume(&self) -> Result<(), Error> {
        self.ask(&Request::Resume).map(drop)
    }

    /// Tells the terminal of the container, or of an exec, its size.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn resize(&self, exec: Option<&str>, rows: u16, cols: u16) -> Result<(), Error> {
        let exec = exec.map(str::to_owned);
        self.ask(&Request::Resize { exec, rows, cols }).map(drop)
    }

    /// Ends a process's standard input, for when the client that wrote to it is lost.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn close_stdin(&self, exec: Option<&str>) -> Result<(), Error> {
        let exec = exec.map(str::to_owned);
        self.ask(&Request::CloseStdin { exec }).map(drop)
    }

    /// The pids of the container's processes.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn pids(&self) -> Result<Vec<i32>, Error> {
        Ok(self.ask(&Request::Pids)?.pids.unwrap_or_default())
    }

    /// Asks for the end of the container, or of an exec: the shim knows of the waiter
    /// when this returns, so no end can be missed that comes after it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn wait(&self, exec: Option<&str>) -> Result<Pending, Error> {
        let exec = exec.map(str::to_owned);
        self.send(&Request::Wait { exec })
    }

    /// The stream of the container, or of an exec.
    ///
    /// What comes out is framed unless the process has a terminal, see
    /// [`crate::frame`], and ends when the process has ended and all is said. What goes
    /// in ends with `shutdown(Write)`; a connection that is closed without one leaves
    /// the input open for the next client.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn attach(
        &self,
        exec: Option<&str>,
        streams: Streams,
    ) -> Result<UnixStream, Error> {
        let exec = exec.map(str::to_owned);
        let pending = self.send(&Request::Attach { exec, streams })?;
        Ok(pending.answer()?.1)
    }

    /// Starts another process in the container; its pid, and its stream unless it was
    /// to be detached.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn exec(&self, exec: &Exec) -> Result<(i32, UnixStream), Error> {
        let pending = self.send(&Request::Exec(Box::new(exec.clone())))?;
        let (reply, stream) = pending.answer()?;
        Ok((reply.pid.unwrap_or_default(), stream))
    }

    fn ask(&self, request: &Request) -> Result<Reply, Error> {
        Ok(self.send(request)?.answer()?.0)
    }

    fn send(&self, request: &Request) -> Result<Pending, Error> {
        let mut stream = socket::connect(&self.0.socket()).map_err(gone)?;
        let mut line = serde_json::to_vec(request).context("write a request")?;
        line.push(b'\n');
        stream.write_all(&line).map_err(gone)?;
        Ok(Pending {
            stream: BufReader::with_capacity(1, stream),
            shim: self.clone(),
        })
    }
}

impl Pending {
    /// Waits for the end, however long it takes.
    ///
    /// When this returns for the container itself, nothing of it is left: neither
    /// processes nor mounts, and its folder may be used again.
    ///
    /// # Errors
    /// [`Error::Gone`] when the shim died without an answer.
    pub fn exit(mut self) -> Result<Exit, Error> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(gone)?;
        let reply = understand(&line)?;
        // The end of the connection is the end of the shim's work.
        let _ = self.stream.read_to_end(&mut Vec::new());
        reply.exit.ok_or(Error::Gone)
    }

    /// The connection, for a caller that waits for it to become readable by its own
    /// means before it calls [`Pending::exit`].
    #[must_use]
    pub fn stream(&self) -> &UnixStream {
        self.stream.get_ref()
    }

    /// Waits for an answer that comes at once, and gives the connection back.
    fn answer(mut self) -> Result<(Reply, UnixStream), Error> {
        let patience = |stream: &UnixStream, limit| {
            let set = stream.set_read_timeout(limit);
            set.context("limit the wait for the shim")
        };
        patience(self.stream.get_ref(), Some(DOUBT))?;
        let (mut line, since) = (String::new(), Instant::now());
        while let Err(error) = self.stream.read_line(&mut line) {
            let late = error.kind() == std::io::ErrorKind::WouldBlock;
            if !late || since.elapsed() > PATIENCE {
                return Err(gone(error));
            }
            if !self.shim.is_alive() {
                return Err(Error::Gone);
            }
        }
        let reply = understand(&line)?;
        let stream = self.stream.into_inner();
        patience(&stream, None)?;
        Ok((reply, stream))
    }
}

fn understand(line: &str) -> Result<Reply, Error> {
    if line.is_empty() {
        return Err(Error::Gone);
    }
    match serde_json::from_str(line).context("understand the shim's answer")? {
        Answer::Ok { ok } => Ok(ok),
        Answer::Refused(refusal) => Err(Error::Refused(refusal)),
    }
}

/// Nobody listens, the file is not there, or the other end died meanwhile.
fn gone(error: std::io::Error) -> Error {
    use std::io::ErrorKind as Is;
    match error.kind() {
        Is::NotFound
        | Is::ConnectionRefused
        | Is::ConnectionReset
        | Is::BrokenPipe
        | Is::UnexpectedEof => Error::Gone,
        _ => Error::Other(anyhow::Error::from(error).context("talk to the shim")),
    }
}
