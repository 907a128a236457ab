//! Text to tokens.

use anyhow::{Result, bail};
use serde_json::Value;

/// A template's text, cut at the delimiters.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action(Vec<Token>),
}

/// A word of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Dot,
    /// `.Name`; `joined` to what stands before it without a space, or not.
    Field {
        name: String,
        joined: bool,
    },
    Variable(String),
    Word(String),
    Literal(Value),
    Pipe,
    Open,
    Close,
    Comma,
    Assign,
}

/// Cuts `text` at `{{` and `}}`, trims where `{{-` and `-}}` ask for it, and drops
/// comments.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some(start) = rest.find("{{") {
        let before = &rest[..start];
        let (action, after) = action(&rest[start + 2..])?;
        let trim_left = action.starts_with("- ") || action == "-";
        let trim_right = action.ends_with(" -");
        push_text(&mut pieces, before, trim, trim_left);
        let inner = action
            .strip_prefix('-')
            .filter(|_| trim_left)
            .unwrap_or(action);
        let inner = inner
            .strip_suffix('-')
            .filter(|_| trim_right)
            .unwrap_or(inner);
        if !inner.trim().starts_with("/*") {
            pieces.push(Piece::Action(tokens(inner)?));
        }
        trim = trim_right;
        rest = after;
    }
    push_text(&mut pieces, rest, trim, false);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    let text = if trim_start { text.trim_start() } else { text };
    let text = if trim_end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// What stands before the closing delimiter, and what stands after it. A delimiter
/// within quotes closes nothing.
fn action(text: &str) -> Result<(&str, &str)> {
    if text.strip_prefix("- ").unwrap_or(text).starts_with("/*") {
        let end = text.find("*/").map(|at| at + 2);
        let close = end.and_then(|end| Some(end + text[end..].find("}}")?));
        let Some(close) = close else {
            bail!("unclosed comment")
        };
        return Ok((&text[..close], &text[close + 2..]));
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '`' => quote = Some(letter),
            None if text[at..].starts_with("}}") => {
                return Ok((&text[..at], &text[at + 2..]));
            }
            None => {}
        }
    }
    bail!("unclosed action")
}

fn tokens(action: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = action;
    let mut joined = false;
    while let Some(letter) = rest.chars().next() {
        let (token, length) = match letter {
            ' ' | '\t' | '\n' | '\r' => {
                rest = &rest[1..];
                joined = false;
                continue;
            }
            '|' => (Token::Pipe, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            ':' if rest.starts_with(":=") => (Token::Assign, 2),
            '=' => (Token::Assign, 1),
            '"' => quoted(rest)?,
            '`' => raw(rest)?,
            '.' => field(rest, joined),
            '$' => {
                let name = word(&rest[1..]);
                (Token::Variable(name.to_owned()), 1 + name.len())
            }
            '-' | '+' | '0'..='9' => number(rest)?,
            letter if letter.is_alphabetic() || letter == '_' => {
                let name = word(rest);
                (keyword(name), name.len())
            }
            other => bail!("unexpected {other:?} in an action"),
        };
        joined = true;
        tokens.push(token);
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

fn field(text: &str, joined: bool) -> (Token, usize) {
    let name = word(&text[1..]);
    let token = if name.is_empty() {
        Token::Dot
    } else {
        let name = name.to_owned();
        Token::Field { name, joined }
    };
    (token, 1 + name.len())
}

fn keyword(name: &str) -> Token {
    match name {
        "true" => Token::Literal(Value::Bool(true)),
        "false" => Token::Literal(Value::Bool(false)),
        "nil" => Token::Literal(Value::Null),
        _ => Token::Word(name.to_owned()),
    }
}

fn number(text: &str) -> Result<(Token, usize)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let digits = text[..end].trim_start_matches('+');
    let value = match (digits.parse::<i64>(), digits.parse::<f64>()) {
        (Ok(whole), _) => Value::from(whole),
        (_, Ok(broken)) => Value::from(broken),
        _ => bail!("bad number syntax: {digits:?}"),
    };
    Ok((Token::Literal(value), end))
}

/// A string in double quotes, with Go's escapes as far as JSON has
/// them too.
fn quoted(text: &str) -> Result<(Token, usize)> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let inside = text[..=at].replace('\t', "\\t");
                return match serde_json::from_str::<String>(&inside) {
                    Ok(value) => Ok((Token::Literal(Value::String(value)), at + 1)),
                    Err(_) => bail!("bad string {}", &text[..=at]),
                };
            }
            _ => {}
        }
    }
    bail!("unterminated quoted string")
}

fn raw(text: &str) -> Result<(Token, usize)> {
    match text[1..].find('`') {
        Some(end) => {
            let value = Value::String(text[1..=end].to_owned());
            Ok((Token::Literal(value), end + 2))
        }
        None => bail!("unterminated raw quoted string"),
    }
}
