//! Which field of a JSON text stands at a place in it.
//!
//! A parser that is told what to expect says *where* it met something else, by line and
//! column. A reader of the message wants the field's name. To keep it along the way takes
//! a parser that is twice as large; so the name is looked for afterwards, in a text that
//! is known to be good up to that place.

use std::fmt::Write;

use anyhow::anyhow;

/// What encloses a value.
enum Level {
    /// An object, by the key that its value has.
    Key(String),
    /// A list, by the number of its element.
    Element(usize),
}

/// What is wrong with a text, with the path of the field that is.
pub(super) fn placed(text: &[u8], wrong: serde_json::Error) -> anyhow::Error {
    let field = at(text, (wrong.line(), wrong.column()));
    match field.as_str() {
        "" => wrong.into(),
        _ => anyhow!("{field}: {wrong}"),
    }
}

/// The path of the value at `line` and `column` (from 1, in bytes, as serde_json counts):
/// `linux.resources.devices[1].type`, and nothing for the whole text.
fn at(text: &[u8], (line, column): (usize, usize)) -> String {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let end = text.len().min(before + column);
    // What a type of its own says of an element comes when the comma after it has been
    // read as well.
    let read = text[..end].trim_ascii_end();
    let end = read.strip_suffix(b",").unwrap_or(read).len();
    let mut levels = Vec::new();
    let mut word = String::new();
    let mut place = 0;
    while place < end {
        match text[place] {
            b'{' => levels.push(Level::Key(String::new())),
            b'[' => levels.push(Level::Element(0)),
            b'}' | b']' => drop(levels.pop()),
            b':' => match levels.last_mut() {
                Some(Level::Key(key)) => key.clone_from(&word),
                _ => break,
            },
            b',' => match levels.last_mut() {
                Some(Level::Element(number)) => *number += 1,
                Some(Level::Key(key)) => key.clear(),
                None => break,
            },
            b'"' => {
                let length = string(&text[place..end]);
                let inside = text.get(place + 1..place + length - 1);
                word = String::from_utf8_lossy(inside.unwrap_or_default()).into_owned();
                place += length - 1;
            }
            _ => {}
        }
        place += 1;
    }
    shown(&levels)
}

/// How long the string is with which a text begins, with its quotes.
fn string(text: &[u8]) -> usize {
    let mut place = 1;
    while place < text.len() && text[place] != b'"' {
        place += if text[place] == b'\\' { 2 } else { 1 };
    }
    (place + 1).min(text.len())
}

fn shown(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        let _ = match level {
            Level::Key(key) if key.is_empty() => Ok(()),
            Level::Key(key) if path.is_empty() => write!(path, "{key}"),
            Level::Key(key) => write!(path, ".{key}"),
            Level::Element(number) => write!(path, "[{number}]"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The path of the value that stands before the mark.
    fn before_mark(text: &str) -> String {
        let place = text.find('^').unwrap();
        let line = text[..place].matches('\n').count() + 1;
        let column = place - text[..place].rfind('\n').map_or(0, |at| at + 1);
        at(text.replacen('^', "", 1).as_bytes(), (line, column))
    }

    #[test]
    fn a_place_is_named_by_its_keys_and_numbers() {
        for (text, path) in [
            (r#"{"a": 1^}"#, "a"),
            (r#"{"a": {"b": "x"^}}"#, "a.b"),
            (r#"{"a": {"b": "x"}^}"#, "a"),
            (r#"{"a": [1, {"b": [[2^]]}]}"#, "a[1].b[0][0]"),
            ("{\n \"a\": 1,\n \"b\": [\n  2,\n  3^\n ]\n}", "b[1]"),
            (r#"{"a": "}]\",{:^"}"#, "a"),
            (r#"{"a": 1, ^"b": 2}"#, "a"),
            (r#"{"a": [1, 2 , ^3]}"#, "a[1]"),
            (r#"{"a\"b": 1^}"#, r#"a\"b"#),
            ("3^", ""),
            ("[3^]", "[0]"),
        ] {
            assert_eq!(before_mark(text), path, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_place_is_too_odd(
            text in "[\\[\\]{}:,\"\\\\a1\n ]{0,40}", line in 0_usize..9, column in 0_usize..50,
        ) {
            let _ = at(text.as_bytes(), (line, column));
        }
    }
}
