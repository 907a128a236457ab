//! A process that the shim keeps: the container's first one, or an exec.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use chroot::process::{Child, Exit};
use jiff::Timestamp;
use nix::errno::Errno;
use nix::unistd::{Pid, read, write};

use crate::frame::Stream;
use crate::stdio::Ours;

/// How long the output of a process may be silent after its end, when somebody who
/// lives on still holds it: a daemon that it left behind.
const SILENCE: Duration = Duration::from_millis(100);

/// How much input waits for a process that does not read.
const FULL: usize = 64 * 1024;

/// A process, its streams, and how it ended.
#[derive(Debug)]
pub(super) struct Process {
    /// Its pid, as soon as its launcher has told.
    pub(super) pid: Option<Pid>,
    /// How and when it ended.
    pub(super) exit: Option<(Exit, Timestamp)>,
    /// Everybody has been told of its end.
    pub(super) told: bool,
    pub(super) outputs: Vec<(Stream, OwnedFd)>,
    pub(super) terminal: Option<OwnedFd>,
    input: Option<Input>,
    quiet_since: Instant,
}

/// What reading an output brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// So many bytes.
    Bytes(Stream, usize),
    /// Its end; it is closed now.
    End(Stream),
    /// Nothing this time.
    Nothing,
}

#[derive(Debug)]
struct Input {
    fd: OwnedFd,
    pending: VecDeque<u8>,
    ending: bool,
}

impl Process {
    pub(super) fn new(pid: Option<Pid>, streams: Ours) -> Self {
        let mut process = Self {
            pid,
            exit: None,
            told: false,
            outputs: Vec::new(),
            terminal: None,
            input: None,
            quiet_since: Instant::now(),
        };
        process.take(streams);
        process
    }

    /// Takes the shim's ends of its streams.
    pub(super) fn take(&mut self, streams: Ours) {
        let outputs = [
            (Stream::Stdout, streams.stdout),
            (Stream::Stderr, streams.stderr),
        ];
        let outputs = outputs.into_iter();
        self.outputs
            .extend(outputs.filter_map(|(stream, fd)| Some((stream, fd?))));
        self.terminal = streams.terminal;
        if let Some(fd) = streams.stdin {
            self.input = Some(Input {
                fd,
                pending: VecDeque::new(),
                ending: false,
            });
        }
    }

    /// Whether its output is told in frames.
    pub(super) fn is_framed(&self) -> bool {
        self.terminal.is_none()
    }

    /// Reads one of its outputs.
    pub(super) fn read(&mut self, which: Stream, buffer: &mut [u8]) -> Read {
        let Some(index) = self.outputs.iter().position(|(stream, _)| *stream == which)
        else {
            return Read::Nothing;
        };
        match read(&self.outputs[index].1, buffer) {
            Ok(length @ 1..) => {
                self.quiet_since = Instant::now();
                Read::Bytes(which, length)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Read::Nothing,
            // A pipe without writers; EIO: a terminal that nobody has open any more.
            Ok(_) | Err(_) => {
                self.outputs.remove(index);
                Read::End(which)
            }
        }
    }

    /// What is not silence: output that nobody has been able to read.
    pub(super) fn still_speaking(&mut self) {
        self.quiet_since = Instant::now();
    }

    /// Whether it has ended, and all that it said has been heard.
    pub(super) fn is_over(&self) -> bool {
        self.silence_ends().is_some_and(|end| end <= Instant::now())
            || self.exit.is_some() && self.outputs.is_empty()
    }

    /// When its silence will have been long enough, if it has ended.
    pub(super) fn silence_ends(&self) -> Option<Instant> {
        self.exit.as_ref().map(|_| self.quiet_since + SILENCE)
    }

    /// Gives up its streams; tells which outputs were still open.
    pub(super) fn close(&mut self) -> Vec<Stream> {
        self.input = None;
        self.terminal = None;
        self.outputs.drain(..).map(|(stream, _)| stream).collect()
    }

    /// Where to write input, if there is some to be written.
    pub(super) fn thirsty(&self) -> Option<BorrowedFd<'_>> {
        let input = self.input.as_ref();
        input
            .filter(|input| !input.pending.is_empty())
            .map(|input| input.fd.as_fd())
    }

    /// Whether it takes more input. What has none takes all: into nothing.
    pub(super) fn takes_input(&self) -> bool {
        let input = self.input.as_ref();
        input.is_none_or(|input| input.pending.len() < FULL)
    }

    /// Adds to its input.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input
            && !input.ending
        {
            input.pending.extend(bytes);
        }
        self.drink();
    }

    /// Writes as much input as it takes now.
    pub(super) fn drink(&mut self) {
        let Some(input) = &mut self.input else { return };
        while !input.pending.is_empty() {
            match write(&input.fd, input.pending.as_slices().0) {
                Ok(length) => drop(input.pending.drain(..length)),
                Err(Errno::EAGAIN) => return,
                Err(Errno::EINTR) => {}
                // It has closed its input, and hears nothing more.
                Err(_) => {
                    self.input = None;
                    return;
                }
            }
        }
        input.pending = VecDeque::new();
        if input.ending {
            self.input = None;
        }
    }

    /// Ends its input when all has been written. A terminal has no end of input: one
    /// types Ctrl-D.
    pub(super) fn end_input(&mut self) {
        if self.terminal.is_some() {
            return;
        }
        if let Some(input) = &mut self.input {
            input.ending = true;
        }
        self.drink();
    }

    /// Sends it a signal; it is this process's child and not reaped, so the pid is its.
    pub(super) fn signal(&self, signal: i32) -> Result<()> {
        match (self.pid, &self.exit) {
            (Some(pid), None) => Child::adopt(pid)?.send(signal),
            _ => bail!("the process has ended"),
        }
    }
}
