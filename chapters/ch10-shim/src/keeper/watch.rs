//! What the loop waits for, and for how long.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Keeper;
use super::connection::{Connection, Role, Who};
use super::process::Process;
use crate::frame::Stream;

/// Something that can happen.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Signals,
    Listener,
    Connection(u64),
    Output(Who, Stream),
    Input(Who),
}

type Watched<'a> = (Source, BorrowedFd<'a>, PollFlags);

impl Keeper {
    /// Waits until something happens, and tells what.
    ///
    /// What is not to be read now is left out, not just asked for nothing: the kernel
    /// tells of a hang-up unasked, again and again.
    // ANCHOR: wait
    pub(super) fn wait(&self) -> Result<Vec<(Source, PollFlags)>> {
        let watched = self.watched();
        let mut fds: Vec<_> = watched
            .iter()
            .map(|(_, fd, events)| PollFd::new(*fd, *events))
            .collect();
        match poll(&mut fds, self.patience()) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("wait for events"),
        }
        let happened = watched.iter().zip(&fds).filter_map(|((source, ..), fd)| {
            let events = fd.revents().filter(|events| !events.is_empty())?;
            Some((source.clone(), events))
        });
        Ok(happened.collect())
    }
    // ANCHOR_END: wait

    fn watched(&self) -> Vec<Watched<'_>> {
        let reads = PollFlags::POLLIN;
        let mut watched = vec![(Source::Signals, self.signals.as_fd(), reads)];
        if let Some(listener) = self.listener.as_ref().filter(|_| !self.crowded) {
            watched.push((Source::Listener, listener.as_fd(), reads));
        }
        for (who, process) in &self.processes {
            for (stream, fd) in &process.outputs {
                // While its launcher is under way, nobody can be attached: its first
                // words wait in the pipe.
                if process.pid.is_some() && !self.is_held_up(who, *stream) {
                    let source = Source::Output(who.clone(), *stream);
                    watched.push((source, fd.as_fd(), reads));
                }
            }
            if let Some(fd) = process.thirsty() {
                watched.push((Source::Input(who.clone()), fd, PollFlags::POLLOUT));
            }
        }
        for (token, connection) in &self.connections {
            let may_feed = self.may_feed(connection);
            let events = connection.wants(may_feed);
            if may_feed || !events.is_empty() {
                watched.push((Source::Connection(*token), connection.fd(), events));
            }
        }
        watched
    }

    /// Whether the process behind a connection takes input; true where there is none.
    fn may_feed(&self, connection: &Connection) -> bool {
        match &connection.role {
            Role::Streaming(who, streams) if streams.stdin => {
                self.processes.get(who).is_none_or(Process::takes_input)
            }
            _ => true,
        }
    }

    /// Whether an output must wait for a client who does not read.
    pub(super) fn is_held_up(&self, who: &Who, stream: Stream) -> bool {
        let mut listeners = self.connections.values();
        listeners.any(|client| client.hears(who, stream) && client.is_full())
    }

    /// Until when to wait: for ever, but for clients who keep others waiting, and for
    /// the silence after the end of a process.
    fn patience(&self) -> PollTimeout {
        let clients = self.connections.values();
        let clients = clients.filter_map(Connection::patience_ends);
        let ended = self.processes.values().filter(|process| !process.told);
        let silences = ended.filter_map(Process::silence_ends);
        let Some(end) = clients.chain(silences).min() else {
            return PollTimeout::NONE;
        };
        let left = end.saturating_duration_since(Instant::now());
        // poll(2) counts whole milliseconds.
        PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
    }
}
