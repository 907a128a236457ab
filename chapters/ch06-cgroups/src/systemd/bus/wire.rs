//! Values as bytes (D-Bus specification, "Marshaling").
//!
//! A value is written at the next multiple of its alignment. What types follow one
//! another is said beside the bytes, by letters: the *signature*. `ssa(sv)` is a text, a
//! text, and an array of pairs of a text and a variant, which has its own signature with
//! it. Only those types are here that the conversation with systemd has need of.

use std::fmt::{Display, Formatter, Result as Told};

use anyhow::{Context, Result, bail, ensure};

/// How deep values may be in one another: the specification's own limit for arrays, and
/// for structs.
const DEEPEST: usize = 64;

/// A value.
// ANCHOR: Value
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `y`
    Byte(u8),
    /// `b`: four bytes, zero or one.
    Bool(bool),
    /// `u`
    U32(u32),
    /// `t`
    U64(u64),
    /// `s`: its length, the text, a zero.
    Text(String),
    /// `o`: as a text; names an object of who is spoken to.
    Path(String),
    /// `g`: as a text, but for a length of one byte.
    Signature(String),
    /// `a`: how many bytes follow, and the values, all of the type that is said here.
    Array(String, Vec<Value>),
    /// `(…)`: its values, and nothing else.
    Struct(Vec<Value>),
    /// `v`: a signature, and a value of that type.
    Variant(Box<Value>),
}
// ANCHOR_END: Value

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text of a value that is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Path(text) | Self::Signature(text) => Some(text),
            Self::Variant(inner) => inner.as_text(),
            _ => None,
        }
    }

    pub(crate) fn signature(&self) -> String {
        match self {
            Self::Byte(_) => "y".into(),
            Self::Bool(_) => "b".into(),
            Self::U32(_) => "u".into(),
            Self::U64(_) => "t".into(),
            Self::Text(_) => "s".into(),
            Self::Path(_) => "o".into(),
            Self::Signature(_) => "g".into(),
            Self::Array(element, _) => format!("a{element}"),
            Self::Struct(values) => format!("({})", signature(values)),
            Self::Variant(_) => "v".into(),
        }
    }

    /// Appends the value; `out` begins where alignment is counted from.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        pad(out, alignment(&self.signature()));
        match self {
            Self::Byte(number) => out.push(*number),
            Self::Bool(is) => out.extend(u32::from(*is).to_le_bytes()),
            Self::U32(number) => out.extend(number.to_le_bytes()),
            Self::U64(number) => out.extend(number.to_le_bytes()),
            Self::Text(text) | Self::Path(text) => {
                out.extend(length(text.len()).to_le_bytes());
                out.extend(text.bytes().chain([0]));
            }
            Self::Signature(text) => {
                out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                out.extend(text.bytes().chain([0]));
            }
            Self::Array(element, values) => {
                let mark = out.len();
                out.extend([0; 4]);
                // Before the first element, counted or not by the length: it is not.
                pad(out, alignment(element));
                let begin = out.len();
                values.iter().for_each(|value| value.write(out));
                let size = length(out.len() - begin).to_le_bytes();
                out[mark..mark + 4].copy_from_slice(&size);
            }
            Self::Struct(values) => values.iter().for_each(|value| value.write(out)),
            Self::Variant(inner) => {
                Self::Signature(inner.signature()).write(out);
                inner.write(out);
            }
        }
    }
}

/// The signature of values that follow one another.
pub(crate) fn signature(values: &[Value]) -> String {
    values.iter().map(Value::signature).collect()
}

/// Zeroes up to the next multiple of `to`.
pub(crate) fn pad(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

fn length(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn alignment(kind: &str) -> usize {
    match kind.as_bytes().first() {
        Some(b'b' | b'u' | b's' | b'o' | b'a') => 4,
        Some(b't' | b'(') => 8,
        _ => 1,
    }
}

/// Reads values; believes no length.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big: bool,
}

impl<'a> Reader<'a> {
    /// Of `bytes`, whose numbers have their big end first or not.
    pub(crate) fn new(bytes: &'a [u8], big: bool) -> Self {
        Self { bytes, at: 0, big }
    }

    /// The values that `signature` says, and nothing after them.
    pub(crate) fn all(mut self, signature: &str) -> Result<Vec<Value>> {
        let values = self.values(signature, 0)?;
        ensure!(self.at == self.bytes.len(), "more bytes than values");
        Ok(values)
    }

    fn values(&mut self, mut signature: &str, depth: usize) -> Result<Vec<Value>> {
        let mut values = Vec::new();
        while !signature.is_empty() {
            let (kind, rest) = first_type(signature)?;
            values.push(self.value(kind, depth)?);
            signature = rest;
        }
        Ok(values)
    }

    fn value(&mut self, kind: &str, depth: usize) -> Result<Value> {
        ensure!(depth < DEEPEST, "values too deep in one another");
        self.align(alignment(kind))?;
        Ok(match kind.as_bytes() {
            b"y" => Value::Byte(self.take(1)?[0]),
            b"b" => match self.u32()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => bail!("{other} is neither true nor false"),
            },
            b"u" => Value::U32(self.u32()?),
            b"t" => Value::U64(self.u64()?),
            b"s" => Value::Text(self.text()?),
            b"o" => Value::Path(self.text()?),
            b"g" => Value::Signature(self.signature()?),
            b"v" => {
                let inner = self.signature()?;
                let (one, rest) = first_type(&inner)?;
                ensure!(rest.is_empty(), "a variant with more than one value");
                Value::Variant(Box::new(self.value(one, depth + 1)?))
            }
            [b'(', inner @ .., b')'] => {
                let inner = std::str::from_utf8(inner)?;
                Value::Struct(self.values(inner, depth + 1)?)
            }
            [b'a', ..] => self.array(&kind[1..], depth + 1)?,
            _ => bail!("values of type {kind:?} are not expected"),
        })
    }

    fn array(&mut self, element: &str, depth: usize) -> Result<Value> {
        let size = self.u32()? as usize;
        self.align(alignment(element))?;
        let end = self.at.checked_add(size).context("a length without end")?;
        ensure!(end <= self.bytes.len(), "an array longer than its message");
        let mut values = Vec::new();
        while self.at < end {
            values.push(self.value(element, depth)?);
        }
        ensure!(self.at == end, "an array that ends within a value");
        Ok(Value::Array(element.to_owned(), values))
    }

    fn text(&mut self) -> Result<String> {
        let size = self.u32()? as usize;
        self.terminated(size)
    }

    fn signature(&mut self) -> Result<String> {
        let size = self.take(1)?[0];
        self.terminated(size.into())
    }

    /// A text, and the zero after it.
    fn terminated(&mut self, size: usize) -> Result<String> {
        let text = String::from_utf8(self.take(size)?.to_vec())?;
        ensure!(
            self.take(1)? == [0] && !text.contains('\0'),
            "a broken text"
        );
        Ok(text)
    }

    fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?.try_into()?;
        Ok(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u64(&mut self) -> Result<u64> {
        let bytes = self.take(8)?.try_into()?;
        Ok(if self.big {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }

    fn align(&mut self, to: usize) -> Result<()> {
        let gap = self.at.next_multiple_of(to) - self.at;
        self.take(gap).map(drop)
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let taken = self.bytes[self.at..].get(..size);
        self.at += size;
        taken.context("a message that ends too soon")
    }
}

/// The first complete type of a signature, and the rest.
fn first_type(signature: &str) -> Result<(&str, &str)> {
    let letters = signature.as_bytes();
    let mut end = letters.iter().take_while(|letter| **letter == b'a').count();
    ensure!(end < DEEPEST, "values too deep in one another");
    let mut open = 0_usize;
    loop {
        match letters.get(end) {
            Some(b'(') => open += 1,
            Some(b')') if open > 0 && letters[end - 1] != b'(' => open -= 1,
            Some(letter) if letter.is_ascii_lowercase() => {}
            _ => bail!("{signature:?} is no signature"),
        }
        end += 1;
        if open == 0 {
            return Ok(signature.split_at(end));
        }
    }
}

/// As a person would write it down; for announcements.
impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Told {
        match self {
            Self::Byte(number) => number.fmt(f),
            Self::Bool(is) => is.fmt(f),
            Self::U32(number) => number.fmt(f),
            Self::U64(u64::MAX) => f.write_str("infinity"),
            Self::U64(number) => number.fmt(f),
            Self::Text(text) | Self::Path(text) | Self::Signature(text) => {
                write!(f, "{text:?}")
            }
            Self::Array(_, values) => listed(f, values, ["[", ", ", "]"]),
            Self::Struct(values) => listed(f, values, ["", "=", ""]),
            Self::Variant(inner) => inner.fmt(f),
        }
    }
}

fn listed(f: &mut Formatter<'_>, values: &[Value], words: [&str; 3]) -> Told {
    f.write_str(words[0])?;
    for (at, value) in values.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { words[1] })?;
        value.fmt(f)?;
    }
    f.write_str(words[2])
}
