//! A conversation over D-Bus: calls and their answers, and signals, which nobody asked
//! for (D-Bus specification, "Message Protocol").
//!
//! ```text
//! we                                      the bus, or systemd itself
//! connect; a zero, AUTH EXTERNAL ─────▶   DATA: who are you?
//! DATA: the kernel has told you  ─────▶   OK
//! BEGIN; Hello (on a bus only)   ─────▶   your name is :1.7
//! call, serial number 4          ─────▶
//!                                ◀─────   signals, of which some are for us
//!                                ◀─────   the answer to 4, or a refusal with a name
//! ```
//!
//! A bus is a program between many; systemd has besides it a socket of its own, where
//! the same is spoken with nobody between.

mod message;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

use std::collections::VecDeque;
use std::fmt::{Display, Formatter};
use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

pub(crate) use message::{Field, Kind, Message};
pub(crate) use wire::Value;

use super::address::{Address, Socket};

/// The longest line that the greeting may have.
const LONGEST_LINE: usize = 512;

/// Who is called, and where: an object and an interface of somebody's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    pub(crate) owner: &'static str,
    pub(crate) path: &'static str,
    pub(crate) interface: &'static str,
}

const BUS: Object = Object {
    owner: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
};

/// A call that was refused, with the refusal's name.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) name: String,
    message: String,
}

impl std::error::Error for Refusal {}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.name)
    }
}

/// A connection, with one thread on our side.
#[derive(Debug)]
pub(crate) struct Bus {
    stream: UnixStream,
    serial: u32,
    /// Who has answered last, by the name that the bus has written onto the answer.
    answerer: String,
    signals: VecDeque<Message>,
    patience: Duration,
}

impl Bus {
    /// Connects and says hello. Nothing is waited for longer than `patience`.
    pub(crate) fn open(address: &Address, patience: Duration) -> Result<Self> {
        let socket = match &address.socket {
            Socket::Path(path) => SocketAddr::from_pathname(path)?,
            Socket::Abstract(name) => SocketAddr::from_abstract_name(name.as_bytes())?,
        };
        let mut bus = Self {
            stream: UnixStream::connect_addr(&socket)?,
            serial: 0,
            answerer: String::new(),
            signals: VecDeque::new(),
            patience,
        };
        bus.stream.set_write_timeout(Some(patience))?;
        bus.authenticate().context("authenticate")?;
        if address.is_bus {
            bus.call(BUS, "Hello", &[])?;
        }
        Ok(bus)
    }

    /// The kernel tells the other side who has connected, in its own numbers: so no
    /// number is sent, which in a user namespace would be the wrong one.
    ///
    /// BEGIN goes out with the rest: what systemd reads together with it, it takes for
    /// read, and looks at when the next message comes.
    // ANCHOR: authenticate
    fn authenticate(&mut self) -> Result<()> {
        let end = Instant::now() + self.patience;
        let greeting = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        self.stream.write_all(greeting)?;
        // Who asks nothing answers OK at once, and to DATA that it is an error.
        let answers = [self.line(end)?, self.line(end)?];
        let welcome = answers.iter().any(|line| line.starts_with("OK "));
        ensure!(welcome, "the answer is {:?}", answers.join(", "));
        Ok(())
    }
    // ANCHOR_END: authenticate

    fn line(&mut self, end: Instant) -> Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            ensure!(line.len() < LONGEST_LINE, "a line without an end");
            let mut byte = [0];
            self.wait_until(end)?;
            // One by one: what comes after the line is not ours to take.
            self.stream.read_exact(&mut byte)?;
            line.extend(byte);
        }
        line.truncate(line.len() - 2);
        Ok(String::from_utf8(line)?)
    }

    /// From here on signals of this name reach us through a bus, which else keeps them.
    pub(crate) fn listen(&mut self, to: Object, member: &str) -> Result<()> {
        let Object {
            owner,
            path,
            interface,
        } = to;
        let rule = format!(
            "type='signal',sender='{owner}',path='{path}',interface='{interface}',\
             member='{member}'"
        );
        self.call(BUS, "AddMatch", &[Value::text(rule)]).map(drop)
    }

    /// Calls `member` of an object, and waits for the answer.
    ///
    /// # Errors
    /// A [`Refusal`]; no answer in time; an end of the connection.
    // ANCHOR: call
    pub(crate) fn call(
        &mut self,
        object: Object,
        member: &str,
        body: &[Value],
    ) -> Result<Vec<Value>> {
        self.serial += 1;
        let call = Message::new(Kind::Call, self.serial, body)
            .with(Field::Path, Value::Path(object.path.to_owned()))
            .with(Field::Interface, Value::text(object.interface))
            .with(Field::Member, Value::text(member))
            .with(Field::Destination, Value::text(object.owner));
        self.stream
            .write_all(&call.bytes())
            .context(member.to_owned())?;
        let end = Instant::now() + self.patience;
        loop {
            let message = self.next(end).context(member.to_owned())?;
            if message.is(Kind::Signal) {
                self.signals.push_back(message);
            } else if message.reply_to() == Some(self.serial) {
                message.text(Field::Sender).clone_into(&mut self.answerer);
                return answer(&message);
            }
        }
    }
    // ANCHOR_END: call

    /// The next signal called `member` that has come, or comes before `end`, from who has
    /// answered the last call: on a bus others may send signals too.
    pub(crate) fn signal(&mut self, member: &str, end: Instant) -> Result<Vec<Value>> {
        loop {
            let message = match self.signals.pop_front() {
                Some(message) => message,
                None => self.next(end)?,
            };
            let is_theirs = message.text(Field::Sender) == self.answerer;
            let is_it = message.is(Kind::Signal) && message.text(Field::Member) == member;
            if is_it && is_theirs {
                return message.values();
            }
        }
    }

    fn next(&mut self, end: Instant) -> Result<Message> {
        self.wait_until(end)?;
        Message::read(&mut self.stream).map_err(|error| {
            match error.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::WouldBlock) => error.context("no answer in time"),
                _ => error,
            }
        })
    }

    /// Nothing that is read from here on is waited for beyond `end`.
    fn wait_until(&self, end: Instant) -> Result<()> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            bail!(io::Error::from(io::ErrorKind::WouldBlock));
        }
        self.stream.set_read_timeout(Some(left))?;
        Ok(())
    }
}

fn answer(message: &Message) -> Result<Vec<Value>> {
    if message.is(Kind::Answer) {
        return message.values();
    }
    ensure!(
        message.is(Kind::Refusal),
        "an answer of kind {}",
        message.kind
    );
    let values = message.values().unwrap_or_default();
    bail!(Refusal {
        name: message.text(Field::ErrorName).to_owned(),
        message: values
            .first()
            .and_then(Value::as_text)
            .unwrap_or("")
            .to_owned(),
    })
}
