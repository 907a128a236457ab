//! A systemd that does as a script says.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;

use tempfile::TempDir;

use super::bus::{Field, Kind, Message};
use super::*;

/// What the fake does about one call.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// A job that ends so.
    Job(&'static str),
    /// An answer without a word.
    Yes,
    /// A refusal.
    No(&'static str),
    /// Nothing at all.
    Silence,
    /// A job, and bytes that are no message.
    Noise,
}

/// A systemd that does as it is told; ends with what it has heard.
pub(super) struct Fake {
    folder: TempDir,
    heard: JoinHandle<Vec<String>>,
}

impl Fake {
    pub(super) fn new(script: &'static [(&'static str, Act)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let heard = std::thread::spawn(move || {
            let mut line = listener.accept().unwrap().0;
            greet(&mut line);
            let mut heard = Vec::new();
            let mut script = script.iter();
            while let Ok(call) = Message::read(&mut line) {
                let member = call.text(Field::Member).to_owned();
                let act = match member.as_str() {
                    "Hello" | "AddMatch" => Act::Yes,
                    "Get" => {
                        version(&mut line, &call);
                        continue;
                    }
                    _ => {
                        let words = call.values().unwrap();
                        let words: Vec<_> = words.iter().map(Value::to_string).collect();
                        heard.push(format!("{member}({})", words.join(", ")));
                        let (expected, act) = script.next().unwrap();
                        assert_eq!(member, *expected);
                        *act
                    }
                };
                answer(&mut line, &call, act);
            }
            assert!(script.next().is_none(), "all was asked for: {heard:?}");
            heard
        });
        Self { folder, heard }
    }

    pub(super) fn manager(&self, is_bus: bool) -> Result<Manager> {
        let path = self.folder.path().join("socket");
        let socket = Socket::Path(path);
        Manager::at(&[Address { socket, is_bus }], Duration::from_millis(300))
    }

    pub(super) fn heard(self) -> Vec<String> {
        self.heard.join().unwrap()
    }
}

fn greet(line: &mut UnixStream) {
    let mut greeting = [0; 1];
    line.read_exact(&mut greeting).unwrap();
    assert_eq!(greeting, [0]);
    let mut words = BufReader::with_capacity(1, line.try_clone().unwrap()).lines();
    for (word, answer) in [
        ("AUTH EXTERNAL", "DATA\r\n"),
        ("DATA", "OK 17\r\n"),
        ("BEGIN", ""),
    ] {
        assert_eq!(words.next().unwrap().unwrap(), word);
        line.write_all(answer.as_bytes()).unwrap();
    }
}

fn say(line: &mut UnixStream, message: Message) {
    let message = message.with(Field::Sender, Value::text(":1.1"));
    // Who gave up has closed its end.
    let _ = line.write_all(&message.bytes());
}

fn reply(call: &Message, kind: Kind, body: &[Value]) -> Message {
    Message::new(kind, 70, body).with(Field::ReplyTo, Value::U32(call.serial))
}

fn version(line: &mut UnixStream, call: &Message) {
    let version = Value::Variant(Box::new(Value::text("252.38-1~deb12u1")));
    say(line, reply(call, Kind::Answer, &[version]));
}

fn answer(line: &mut UnixStream, call: &Message, act: Act) {
    let path = |number: u32| Value::Path(format!("/job/{number}"));
    let removed = |number, result: &str| {
        let unit = Value::text("x.scope");
        let body = [Value::U32(number), path(number), unit, Value::text(result)];
        Message::new(Kind::Signal, 71, &body)
            .with(Field::Member, Value::text("JobRemoved"))
    };
    match act {
        Act::Yes => say(line, reply(call, Kind::Answer, &[])),
        Act::No(name) => {
            let refusal = reply(call, Kind::Refusal, &[Value::text("no such luck")]);
            say(line, refusal.with(Field::ErrorName, Value::text(name)));
        }
        Act::Job(result) => {
            // Another's job, and another who says that it were done: neither is ours.
            say(line, removed(6, "failed"));
            let liar = removed(7, "lie").with(Field::Sender, Value::text(":1.66"));
            let _ = line.write_all(&liar.bytes());
            say(line, reply(call, Kind::Answer, &[path(7)]));
            say(line, Message::new(Kind::Signal, 72, &[Value::Byte(1)]));
            say(line, removed(7, result));
        }
        Act::Silence => {}
        Act::Noise => {
            say(line, reply(call, Kind::Answer, &[path(7)]));
            let _ = line.write_all(&[b'l'; 4096]);
        }
    }
}
