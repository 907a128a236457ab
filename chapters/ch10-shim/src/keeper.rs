//! The loop: one thread, one poll(2), no timer as long as nothing is late.
//!
//! ```text
//!                 ┌──────────── shim ────────────┐
//!  stdout ───────▶│ log line, then a copy to each │──▶ attached clients
//!  stderr ───────▶│ client (at most 1 MiB waits)  │
//!  stdin  ◀───────│ what attached clients send    │◀── attached clients
//!  SIGCHLD ──────▶│ who ended, and how            │──▶ waiting clients, exit file
//!                 └───────────────────────────────┘
//! ```
//!
//! When a client does not read, the container is not read from either: it waits, as it
//! would for a full pipe. After ten seconds it is the client that goes.

mod connection;
mod end;
mod jobs;
mod process;
mod requests;
mod watch;

use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;

use anyhow::Result;
use chroot::process::reap;
use nix::poll::PollFlags;
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;

use crate::config::{Config, Folder};
use crate::frame::{self, Stream};
use crate::launcher::Job;
use crate::log::Log;
use crate::protocol::{Status, Streams};
use crate::stdio::Ours;
use connection::{Connection, Heard, Role, Who};
use end::Ending;
pub(crate) use end::write_exit;
use jobs::Purpose;
use process::{Process, Read};
use watch::Source;

/// How much is read at once.
const PIECE: usize = 32 * 1024;

/// Everything that a shim keeps.
#[derive(Debug)]
pub(crate) struct Keeper {
    config: Config,
    folder: Folder,
    signals: SignalFd,
    listener: Option<UnixListener>,
    log: Log,
    processes: BTreeMap<Who, Process>,
    connections: BTreeMap<u64, Connection>,
    jobs: Vec<(Job, Purpose)>,
    strays: Vec<(Pid, chroot::process::Exit)>,
    status: Status,
    oom_killed: bool,
    ending: Ending,
    crowded: bool,
    problems: Vec<String>,
    next: u64,
    buffer: Vec<u8>,
}

/// What a keeper begins with: a container that is created, and its ends.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) pid: Pid,
    pub(crate) streams: Ours,
    pub(crate) signals: SignalFd,
    pub(crate) listener: UnixListener,
    pub(crate) log: Log,
}

impl Keeper {
    pub(crate) fn new(config: Config, folder: Folder, created: Created) -> Self {
        let first = Process::new(Some(created.pid), created.streams);
        Self {
            config,
            folder,
            signals: created.signals,
            listener: Some(created.listener),
            log: created.log,
            processes: BTreeMap::from([(None, first)]),
            connections: BTreeMap::new(),
            jobs: Vec::new(),
            strays: Vec::new(),
            status: Status::Created,
            oom_killed: false,
            ending: Ending::NotYet,
            crowded: false,
            problems: Vec::new(),
            next: 0,
            buffer: vec![0; PIECE],
        }
    }

    /// Keeps the container until nothing is left of it and everybody knows.
    ///
    /// # Errors
    /// When poll(2) refuses.
    // ANCHOR: keep
    pub(crate) fn keep(mut self) -> Result<()> {
        while !self.is_finished() {
            for (source, events) in self.wait()? {
                match source {
                    Source::Signals => self.signalled(),
                    Source::Listener => self.accept(),
                    Source::Connection(token) => self.hear(token, events),
                    Source::Output(who, stream) => self.read(&who, stream),
                    Source::Input(who) => self.drink(&who),
                }
            }
            self.settle();
        }
        Ok(())
    }
    // ANCHOR_END: keep

    /// Signals that have arrived: who ended, or what is meant for the container.
    fn signalled(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            let number = i32::try_from(signal.ssi_signo).unwrap_or_default();
            if number == libc::SIGCHLD {
                // Signals of a kind are merged: there may be several who ended.
                while let Some((pid, exit)) = reap() {
                    self.ended(pid, exit);
                }
            } else {
                // It may have ended this moment.
                let _ = self.first().signal(number);
            }
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else {
            return;
        };
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    if let Ok(connection) = Connection::new(stream) {
                        self.next += 1;
                        self.connections.insert(self.next, connection);
                    }
                }
                Err(error) => {
                    // Out of descriptors: until somebody goes, nobody comes.
                    let full = [libc::EMFILE, libc::ENFILE].map(Some);
                    self.crowded = full.contains(&error.raw_os_error())
                        && !self.connections.is_empty();
                    return;
                }
            }
        }
    }

    /// Something has happened on a client's connection.
    fn hear(&mut self, token: u64, events: PollFlags) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        if events.contains(PollFlags::POLLOUT) {
            connection.flush();
        }
        let hung_up = events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        if !hung_up && !events.contains(PollFlags::POLLIN) {
            return;
        }
        match connection.hear(&mut self.buffer, hung_up) {
            Heard::Request(line) => self.request(token, &line),
            Heard::Input(bytes) => {
                if let Role::Streaming(who, _) = &connection.role
                    && let Some(process) = self.processes.get_mut(who)
                {
                    process.feed(&bytes);
                }
            }
            Heard::End => self.input_ended(token, false),
            Heard::Gone => {
                self.input_ended(token, true);
                self.connections.remove(&token);
            }
            Heard::Nothing => {}
        }
    }

    /// A client has ended its input, or is `gone` without a word. The container's input
    /// may have other clients after it; an exec has only this one.
    fn input_ended(&mut self, token: u64, gone: bool) {
        let Some(connection) = self.connections.get(&token) else {
            return;
        };
        if let Role::Streaming(who, Streams { stdin: true, .. }) = &connection.role
            && (who.is_some() || self.config.stdin_once && !gone)
            && let Some(process) = self.processes.get_mut(who)
        {
            process.end_input();
        }
    }

    /// Output: into the log first, then to everybody who is attached.
    // ANCHOR: read
    fn read(&mut self, who: &Who, stream: Stream) {
        let Some(process) = self.processes.get_mut(who) else {
            return;
        };
        match process.read(stream, &mut self.buffer) {
            Read::Nothing => {}
            Read::End(stream) => {
                if who.is_none() {
                    self.log.end(stream);
                }
            }
            Read::Bytes(stream, length) => {
                let bytes = &self.buffer[..length];
                if who.is_none() {
                    self.log.add(stream, bytes);
                }
                let header = frame::header(stream, length);
                let framed = process.is_framed();
                for connection in self.connections.values_mut() {
                    if connection.hears(who, stream) {
                        let parts: [&[u8]; 2] = [&header, bytes];
                        connection.push(if framed { &parts } else { &parts[1..] });
                    }
                }
            }
        }
    }
    // ANCHOR_END: read

    fn drink(&mut self, who: &Who) {
        if let Some(process) = self.processes.get_mut(who) {
            process.drink();
        }
    }

    /// The container's first process.
    fn first(&self) -> &Process {
        &self.processes[&None]
    }
}
