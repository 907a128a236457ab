//! The functions of a template: Go's own, and docker's `json`, `join`, `upper`, ….
//!
//! The value that comes down a pipe is the last argument.

use std::cmp::Ordering;

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value};

const NAMES: [&str; 23] = [
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "len", "slice",
    "print", "println", "printf", "json", "join", "split", "lower", "upper", "title",
    "pad", "truncate",
];

/// Whether there is a function of that name.
pub(super) fn known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Result<Value> {
    let value = match (name, arguments.as_slice()) {
        ("and", [_, ..]) => logic(arguments, false),
        ("or", [_, ..]) => logic(arguments, true),
        ("not", [value]) => Value::from(!truth(value)),
        ("eq", [value, others @ ..]) if !others.is_empty() => {
            Value::from(others.iter().any(|other| equal(value, other)))
        }
        ("ne", [one, other]) => Value::from(!equal(one, other)),
        ("lt", [one, other]) => Value::from(compare(one, other)?.is_lt()),
        ("le", [one, other]) => Value::from(compare(one, other)?.is_le()),
        ("gt", [one, other]) => Value::from(compare(one, other)?.is_gt()),
        ("ge", [one, other]) => Value::from(compare(one, other)?.is_ge()),
        ("index", [value, keys @ ..]) => index(value, keys)?,
        ("len", [value]) => Value::from(length(value)?),
        ("slice", [value, ends @ ..]) => slice(value, ends)?,
        ("print", _) => Value::from(print(&arguments)),
        ("println", _) => {
            let words: Vec<_> = arguments.iter().map(text).collect();
            Value::from(words.join(" ") + "\n")
        }
        ("printf", [format, rest @ ..]) => Value::from(printf(&text(format), rest)),
        ("json", [value]) => Value::from(value.to_string()),
        ("join", [list, separator]) => join(list, &text(separator))?,
        ("split", [whole, separator]) => {
            let (whole, separator) = (text(whole), text(separator));
            whole.split(separator.as_str()).collect()
        }
        ("lower", [value]) => Value::from(text(value).to_lowercase()),
        ("upper", [value]) => Value::from(text(value).to_uppercase()),
        ("title", [value]) => Value::from(title(&text(value))),
        ("pad", [value, before, after]) => {
            let spaces = |count: &Value| " ".repeat(count.as_u64().unwrap_or(0) as usize);
            Value::from(spaces(before) + &text(value) + &spaces(after))
        }
        ("truncate", [value, count]) => {
            let count = count.as_u64().unwrap_or(0) as usize;
            text(value).chars().take(count).collect::<String>().into()
        }
        _ => bail!("wrong number of args for {name}: got {}", arguments.len()),
    };
    Ok(value)
}

/// What a template prints for a value (Go's `%v`).
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let items = sorted(map).into_iter();
            let items: Vec<_> = items.map(|(k, v)| format!("{k}:{}", text(v))).collect();
            format!("map[{}]", items.join(" "))
        }
        other => other.to_string(),
    }
}

/// Whether a value is neither zero nor empty.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut items: Vec<_> = map.iter().collect();
    items.sort_by_key(|item| item.0);
    items
}

/// The first argument whose truth is `end`, else the last one.
fn logic(arguments: Vec<Value>, end: bool) -> Value {
    let last = arguments.len() - 1;
    let at = arguments.iter().position(|value| truth(value) == end);
    arguments
        .into_iter()
        .nth(at.unwrap_or(last))
        .unwrap_or(Value::Null)
}

fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn compare(one: &Value, other: &Value) -> Result<Ordering> {
    let order = match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => one
            .as_f64()
            .zip(other.as_f64())
            .and_then(|(a, b)| a.partial_cmp(&b)),
    };
    match order {
        Some(order) => Ok(order),
        None => bail!("incompatible types for comparison"),
    }
}

fn index(value: &Value, keys: &[Value]) -> Result<Value> {
    let mut value = value;
    for key in keys {
        value = match (value, key) {
            // A key that a map does not have gives nothing, as in Go.
            (Value::Object(map), Value::String(key)) => {
                map.get(key).unwrap_or(&Value::Null)
            }
            (Value::Array(items), Value::Number(at)) => {
                let found = at.as_u64().and_then(|at| items.get(at as usize));
                match found {
                    Some(item) => item,
                    None => bail!("error calling index: index out of range: {at}"),
                }
            }
            (Value::Null, _) => bail!("error calling index: index of untyped nil"),
            _ => bail!("error calling index: can't index item of this type"),
        };
    }
    Ok(match value {
        Value::Null if !keys.is_empty() => Value::from(""),
        value => value.clone(),
    })
}

fn length(value: &Value) -> Result<usize> {
    match value {
        Value::String(text) => Ok(text.len()),
        Value::Array(items) => Ok(items.len()),
        Value::Object(map) => Ok(map.len()),
        _ => bail!("error calling len: len of type without a length"),
    }
}

fn slice(value: &Value, ends: &[Value]) -> Result<Value> {
    let end_at = |at: usize| ends.get(at).and_then(Value::as_u64);
    let from = end_at(0).unwrap_or(0) as usize;
    let to = end_at(1).map_or_else(|| length(value), |to| Ok(to as usize))?;
    let out_of_range = "error calling slice: index out of range";
    match value {
        Value::String(text) => match text.get(from..to) {
            Some(part) => Ok(Value::from(part)),
            None => bail!(out_of_range),
        },
        Value::Array(items) => {
            ensure!(from <= to && to <= items.len(), out_of_range);
            Ok(Value::from(&items[from..to]))
        }
        _ => bail!("error calling slice: can't slice item of this type"),
    }
}

/// Go's `fmt.Sprint`: a space between operands when neither is a string.
fn print(arguments: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in arguments.iter().enumerate() {
        if at > 0 && !value.is_string() && !arguments[at - 1].is_string() {
            out.push(' ');
        }
        out.push_str(&text(value));
    }
    out
}

/// `%s %v %d %t %q %x %f %%`, with `-`, a width and a precision.
fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.find(|c: char| !"-+ #.0123456789".contains(c));
        let (flags, tail) = rest.split_at(end.unwrap_or(rest.len()));
        let Some(verb) = tail.chars().next() else {
            out.push_str("%!(NOVERB)");
            return out;
        };
        rest = &tail[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.next() {
            Some(value) => out.push_str(&formatted(flags, verb, value)),
            None => out.push_str(&format!("%!{verb}(MISSING)")),
        }
    }
    out + rest
}

fn formatted(flags: &str, verb: char, value: &Value) -> String {
    let (width, precision) = flags.split_once('.').unwrap_or((flags, ""));
    let precision = precision.parse::<usize>().ok();
    let body = match verb {
        'q' => Value::from(text(value)).to_string(),
        'x' => match value.as_i64() {
            Some(number) => format!("{number:x}"),
            None => text(value).bytes().map(|b| format!("{b:02x}")).collect(),
        },
        'f' => format!(
            "{:.*}",
            precision.unwrap_or(6),
            value.as_f64().unwrap_or(0.0)
        ),
        's' => text(value)
            .chars()
            .take(precision.unwrap_or(usize::MAX))
            .collect(),
        _ => text(value),
    };
    let left = width.starts_with('-');
    let fill = width.trim_start_matches('-').parse().unwrap_or(0);
    match left {
        true => format!("{body:<fill$}"),
        false => format!("{body:>fill$}"),
    }
}

fn join(list: &Value, separator: &str) -> Result<Value> {
    match list {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            Ok(Value::from(items.join(separator)))
        }
        Value::Null => Ok(Value::from("")),
        other => bail!("error calling join: {} is not a list", text(other)),
    }
}

fn title(words: &str) -> String {
    let mut first = true;
    let capital = |letter: char| {
        let upper = first && letter.is_alphabetic();
        first = letter.is_whitespace();
        if upper {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    words.chars().map(capital).collect()
}
