//! Messages (D-Bus specification, "Message Format").
//!
//! ```text
//! message = order of bytes, kind, flags, version 1; length of the body; serial number;
//!           fields: an array of (code, variant); zeroes to eight bytes; body
//! ```

use std::io::{self, Read};

use anyhow::{Context, Result, ensure};

use super::wire::{Reader, Value, pad, signature};

/// The most that is taken as one message. The specification allows 128 MiB; what systemd
/// says to us has a few kilobytes.
const LARGEST: usize = 1 << 20;

/// What comes before the fields, and the length of them.
const BEGINNING: usize = 16;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call = 1,
    Answer = 2,
    Refusal = 3,
    Signal = 4,
}

/// The codes of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Path = 1,
    Interface = 2,
    Member = 3,
    ErrorName = 4,
    ReplyTo = 5,
    Destination = 6,
    Sender = 7,
    Signature = 8,
}

/// A message. What its body says is read when somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) serial: u32,
    fields: Vec<(u8, Value)>,
    body: Vec<u8>,
    big: bool,
}

impl Message {
    /// A message of ours.
    pub(crate) fn new(kind: Kind, serial: u32, body: &[Value]) -> Self {
        let mut message = Self {
            kind: kind as u8,
            serial,
            fields: Vec::new(),
            body: Vec::new(),
            big: false,
        };
        if !body.is_empty() {
            message = message.with(Field::Signature, Value::Signature(signature(body)));
            body.iter().for_each(|value| value.write(&mut message.body));
        }
        message
    }

    pub(crate) fn with(mut self, field: Field, value: Value) -> Self {
        self.fields.push((field as u8, value));
        self
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.kind == kind as u8
    }

    fn field(&self, field: Field) -> Option<&Value> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(code, _)| *code == field as u8);
        found.map(|(_, value)| value)
    }

    /// A field that is a text; an empty one where it is not there.
    pub(crate) fn text(&self, field: Field) -> &str {
        self.field(field).and_then(Value::as_text).unwrap_or("")
    }

    /// The serial number of the call that this answers.
    pub(crate) fn reply_to(&self) -> Option<u32> {
        match self.field(Field::ReplyTo) {
            Some(Value::U32(serial)) => Some(*serial),
            _ => None,
        }
    }

    /// What the message says.
    pub(crate) fn values(&self) -> Result<Vec<Value>> {
        Reader::new(&self.body, self.big).all(self.text(Field::Signature))
    }

    // ANCHOR: bytes
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let field = |(code, value): &(u8, Value)| {
            let variant = Value::Variant(Box::new(value.clone()));
            Value::Struct(vec![Value::Byte(*code), variant])
        };
        let fields = self.fields.iter().map(field).collect();
        let length = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        let mut out = vec![b'l', self.kind, 0, 1];
        Value::U32(length).write(&mut out);
        Value::U32(self.serial).write(&mut out);
        Value::Array("(yv)".to_owned(), fields).write(&mut out);
        pad(&mut out, 8);
        out.extend(&self.body);
        out
    }
    // ANCHOR_END: bytes

    /// Reads the next message from `stream`.
    ///
    /// # Errors
    /// When the stream ends or says nothing; when what it says is no message.
    pub(crate) fn read(stream: &mut impl Read) -> Result<Self> {
        let mut bytes = exactly(stream, BEGINNING, Vec::new())?;
        let big = match bytes[0] {
            b'l' => false,
            b'B' => true,
            other => anyhow::bail!("a message of the byte order {other}"),
        };
        ensure!(bytes[3] == 1, "a message of version {}", bytes[3]);
        let numbers = Reader::new(&bytes[4..], big).all("uuu")?;
        let [Value::U32(body), Value::U32(serial), Value::U32(fields)] = numbers[..]
        else {
            anyhow::bail!("a header without its lengths");
        };
        let fields = BEGINNING.saturating_add(fields as usize);
        let begin = fields.min(LARGEST).next_multiple_of(8);
        let end = begin.saturating_add(body as usize);
        ensure!(
            fields.max(end) <= LARGEST,
            "a message of more than a mebibyte"
        );
        bytes = exactly(stream, end - BEGINNING, bytes)?;
        let header = Reader::new(&bytes[..fields], big).all("yyyyuua(yv)")?;
        Ok(Self {
            kind: bytes[1],
            serial,
            fields: header.last().map(codes).unwrap_or_default(),
            body: bytes.split_off(begin),
            big,
        })
    }
}

/// The fields of a header.
fn codes(array: &Value) -> Vec<(u8, Value)> {
    let Value::Array(_, fields) = array else {
        return Vec::new();
    };
    let field = |field: &Value| match field {
        Value::Struct(pair) => match &pair[..] {
            [Value::Byte(code), Value::Variant(value)] => {
                Some((*code, (**value).clone()))
            }
            _ => None,
        },
        _ => None,
    };
    fields.iter().filter_map(field).collect()
}

/// Appends `more` bytes of the stream; takes no room for what has not come.
fn exactly(stream: &mut impl Read, more: usize, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let wanted = bytes.len() + more;
    let limit = u64::try_from(more).unwrap_or(u64::MAX);
    stream
        .take(limit)
        .read_to_end(&mut bytes)
        .context("read a message")?;
    if bytes.len() < wanted {
        let error = io::Error::from(io::ErrorKind::UnexpectedEof);
        return Err(error).context("the other side has closed the connection");
    }
    Ok(bytes)
}
