//! One client's connection: a request, then an answer, then perhaps a stream.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::frame::Stream;
use crate::protocol::{Answer, Streams};

/// How much output waits for a client. When it is more, the container waits as well.
const FULL: usize = 1024 * 1024;

/// How long a full client may read nothing before it is left behind.
const PATIENCE: Duration = Duration::from_secs(10);

/// No request is longer: an environment and arguments have this room.
const LONGEST_REQUEST: usize = 4 * 1024 * 1024;

/// Which process of the container: `None` is the first, `Some` an exec by its id.
pub(super) type Who = Option<String>;

/// What a connection is for now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Its request has not come to its end.
    Asking,
    /// It waits for an answer that somebody is working on.
    Working,
    /// It waits for the end of a process.
    Waiting(Who),
    /// It is a process's stream.
    Streaming(Who, Streams),
    /// It is closed when all has been sent.
    Closing,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) role: Role,
    stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: VecDeque<u8>,
    /// Its client says nothing more.
    ended: bool,
    stalled: Option<Instant>,
}

/// What reading a connection brought.
#[derive(Debug)]
pub(super) enum Heard {
    /// A whole request.
    Request(Vec<u8>),
    /// Input for the process.
    Input(Vec<u8>),
    /// The client says nothing more, but listens on.
    End,
    /// The client is gone.
    Gone,
    /// Nothing yet.
    Nothing,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            role: Role::Asking,
            stream,
            incoming: Vec::new(),
            outgoing: VecDeque::new(),
            ended: false,
            stalled: None,
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// What to wait for on this connection; with nothing at all the end of the client
    /// is still told. `may_feed`: whether its process takes input.
    pub(super) fn wants(&self, may_feed: bool) -> PollFlags {
        let mut wanted = PollFlags::empty();
        let reads = match &self.role {
            Role::Asking => true,
            Role::Streaming(_, streams) => !streams.stdin || may_feed,
            Role::Working | Role::Waiting(_) | Role::Closing => false,
        };
        wanted.set(PollFlags::POLLIN, reads && !self.ended);
        wanted.set(PollFlags::POLLOUT, !self.outgoing.is_empty());
        wanted
    }

    /// Reads what has come. `hung_up`: the client has closed the connection.
    pub(super) fn hear(&mut self, buffer: &mut [u8], hung_up: bool) -> Heard {
        let length = match self.stream.read(buffer) {
            Ok(length) => length,
            Err(error) if is_for_later(&error) => return Heard::Nothing,
            Err(_) => return Heard::Gone,
        };
        if length == 0 {
            self.ended = true;
            return if hung_up || self.role == Role::Asking {
                Heard::Gone
            } else {
                Heard::End
            };
        }
        let bytes = &buffer[..length];
        match self.role {
            Role::Asking => self.hear_request(bytes),
            Role::Streaming(_, Streams { stdin: true, .. }) => {
                Heard::Input(bytes.to_vec())
            }
            // Nobody asked for it.
            _ => Heard::Nothing,
        }
    }

    fn hear_request(&mut self, bytes: &[u8]) -> Heard {
        self.incoming.extend_from_slice(bytes);
        let Some(end) = self.incoming.iter().position(|byte| *byte == b'\n') else {
            let too_long = self.incoming.len() > LONGEST_REQUEST;
            return if too_long {
                Heard::Gone
            } else {
                Heard::Nothing
            };
        };
        // What follows the request is input already.
        let rest = self.incoming.split_off(end + 1);
        Heard::Request(std::mem::replace(&mut self.incoming, rest))
    }

    /// Input that came together with the request.
    pub(super) fn early_input(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.incoming)
    }

    /// Whether it is to get this output.
    pub(super) fn hears(&self, whose: &Who, stream: Stream) -> bool {
        match (&self.role, stream) {
            (Role::Streaming(who, streams), Stream::Stdout) => {
                who == whose && streams.stdout
            }
            (Role::Streaming(who, streams), Stream::Stderr) => {
                who == whose && streams.stderr
            }
            _ => false,
        }
    }

    /// Sends an answer.
    pub(super) fn answer(&mut self, answer: &Answer) {
        let mut line = serde_json::to_vec(answer).unwrap_or_default();
        line.push(b'\n');
        self.push(&[&line]);
    }

    /// Sends bytes, as far as they go now; the rest later.
    pub(super) fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.outgoing.extend(*part);
        }
        self.flush();
    }

    /// Sends what waits. A client that is gone is none of the container's troubles.
    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            match self.stream.write(self.outgoing.as_slices().0) {
                Ok(length @ 1..) => {
                    self.outgoing.drain(..length);
                    self.stalled = None;
                }
                Err(error) if is_for_later(&error) => {
                    if self.stalled.is_none() {
                        self.stalled = Some(Instant::now());
                    }
                    return;
                }
                Ok(_) | Err(_) => self.abandon(),
            }
        }
        // Given back, not kept: an idle shim is small.
        self.outgoing = VecDeque::new();
    }

    fn abandon(&mut self) {
        self.outgoing.clear();
        self.role = Role::Closing;
    }

    /// Whether its process must not say more for now.
    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() >= FULL
    }

    /// When its client will have kept others waiting for too long.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        let holds_up = self.is_full() || self.role == Role::Closing;
        self.stalled
            .filter(|_| holds_up)
            .map(|since| since + PATIENCE)
    }

    /// Whether it can be closed.
    pub(super) fn is_done(&self) -> bool {
        self.role == Role::Closing && self.outgoing.is_empty()
            || self
                .patience_ends()
                .is_some_and(|end| end <= Instant::now())
    }
}

fn is_for_later(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Connection, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::new(ours).unwrap(), theirs)
    }

    #[test]
    fn a_request_ends_with_its_line_and_the_rest_is_input() {
        let (mut connection, mut client) = pair();
        let mut buffer = [0; 64];
        client.write_all(b"{\"do\":").unwrap();
        assert!(matches!(
            connection.hear(&mut buffer, false),
            Heard::Nothing
        ));
        client.write_all(b"\"x\"}\ninput").unwrap();
        let Heard::Request(line) = connection.hear(&mut buffer, false) else {
            panic!("no request")
        };
        assert_eq!(line, b"{\"do\":\"x\"}\n");
        assert_eq!(connection.early_input(), b"input");
    }

    #[test]
    fn a_slow_client_is_full_at_a_megabyte_and_has_patience_for_ten_seconds() {
        let (mut connection, mut client) = pair();
        let piece = [b'x'; 32 * 1024];
        while !connection.is_full() {
            connection.push(&[&piece]);
        }
        let end = connection.patience_ends().unwrap();
        assert!(end > Instant::now() + Duration::from_secs(9));
        // A client that reads again, however little, is forgiven.
        client.read_exact(&mut [0; 64 * 1024]).unwrap();
        connection.flush();
        assert!(!connection.is_done());
        assert!(connection.patience_ends().is_none_or(|later| later > end));
    }

    #[test]
    fn a_client_that_is_gone_is_dropped_without_harm() {
        let (mut connection, client) = pair();
        drop(client);
        connection.push(&[b"output"]);
        assert!(connection.is_done());
    }
}
