//! What the words of flags mean: sizes, times, pairs; the complaints are docker's.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

/// A size in bytes, with `b`, `k`, `m`, `g` or `t` in units of 1024 (go-units).
pub(crate) fn size(text: &str) -> Result<i64> {
    let wrong = || format!("invalid size: '{text}'");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" if unit != "i" && unit != "ib" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => bail!(wrong()),
    };
    let factor = 1024_i64.pow(power);
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(factor).with_context(wrong);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "the number has a fraction anyway"
    )]
    let bytes = number.parse::<f64>().ok().with_context(wrong)? * factor as f64;
    ensure!(bytes.is_finite() && bytes < 9.0e18, wrong());
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    Ok(bytes as i64)
}

/// A number of processors, in billionths.
pub(crate) fn nano_cpus(text: &str) -> Result<i64> {
    let wrong = || format!("failed to parse {text} as a rational number");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    ensure!(
        digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()),
        wrong()
    );
    let part = part.trim_end_matches('0');
    ensure!(part.len() <= 9, "value is too precise");
    let whole: i64 = format!("0{whole}").parse().with_context(wrong)?;
    let part: i64 = format!("{part:0<9}").parse().with_context(wrong)?;
    let nanos = whole.checked_mul(1_000_000_000).with_context(wrong)?;
    nanos.checked_add(part).with_context(wrong)
}

/// `NAME=VALUE`, or `NAME` for what it is here; unset here means unset there.
pub(crate) fn env(text: &str) -> Result<String> {
    let name = text.split('=').next().unwrap_or_default();
    ensure!(!name.is_empty(), "invalid environment variable: {text}");
    Ok(match (text.contains('='), std::env::var(name)) {
        (false, Ok(value)) => format!("{name}={value}"),
        _ => text.to_owned(),
    })
}

/// The variables of a file: one a line, `#` begins a comment.
pub(crate) fn env_file(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).with_context(|| format!("open {}", path.display()))?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("{}: invalid utf8 bytes", path.display()))?;
    parse_env_file(&text, |name| std::env::var(name).ok())
        .with_context(|| format!("invalid env file ({})", path.display()))
}

fn parse_env_file(
    text: &str,
    here: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>> {
    let mut variables = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.lines().map(str::trim_start) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let name = line.split('=').next().unwrap_or_default();
        ensure!(!name.is_empty(), "no variable name on line '{line}'");
        ensure!(
            !name.contains(char::is_whitespace),
            "variable '{name}' contains whitespaces"
        );
        if line.contains('=') {
            variables.push(line.to_owned());
        } else if let Some(value) = here(name) {
            variables.push(format!("{name}={value}"));
        }
    }
    Ok(variables)
}

/// `KEY=VALUE` or `KEY`.
pub(crate) fn label(text: &str) -> Result<(String, String)> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    ensure!(!key.is_empty(), "invalid label format: {text:?}");
    Ok((key.to_owned(), value.to_owned()))
}

/// `KEY=VALUE` of a filter.
pub(crate) fn filter(text: &str) -> Result<(String, String)> {
    let Some((key, value)) = text.split_once('=') else {
        bail!("invalid argument {text:?}: bad format of filter (expected name=value)");
    };
    Ok((key.trim().to_lowercase(), value.trim().to_owned()))
}

/// A network that can be asked for today.
pub(crate) fn network(text: &str) -> Result<String> {
    match text {
        "none" | "host" | "bridge" | "default" => Ok(text.to_owned()),
        _ => bail!("network {text} not found: it is none, host or bridge"),
    }
}

/// A duration as Go writes them: `1h30m`, `10s`, `150ms`.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let wrong = || format!("invalid duration {text:?}");
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, tail) = rest.split_at(end.with_context(wrong)?);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, tail) = tail.split_at(end.unwrap_or(tail.len()));
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => bail!(wrong()),
        };
        sum += number.parse::<f64>().ok().with_context(wrong)? * scale;
        rest = tail;
    }
    ensure!(!text.is_empty(), wrong());
    Duration::try_from_secs_f64(sum).ok().with_context(wrong)
}

/// A moment as the Engine API takes it: seconds since 1970, with a fraction.
///
/// It is given so, or as RFC 3339 (with parts left out at the end), or as a duration
/// before now.
pub(crate) fn moment(text: &str) -> Result<String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    moment_at(text, now)
}

fn moment_at(text: &str, now: Duration) -> Result<String> {
    if let Ok(ago) = duration(text) {
        let then = now.saturating_sub(ago);
        return Ok(format!("{}.{:09}", then.as_secs(), then.subsec_nanos()));
    }
    let seconds = text.split('.').next().unwrap_or_default();
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_number && seconds.parse::<u64>().is_ok() {
        return Ok(text.to_owned());
    }
    let then = calendar(text).with_context(|| {
        format!("invalid value for a time: {text:?} is neither a date nor a duration")
    })?;
    Ok(format!(
        "{}.{:09}",
        then.as_second(),
        then.subsec_nanosecond()
    ))
}

fn calendar(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(exact);
    }
    let full = match text.len() {
        10 => format!("{text}T00:00:00"),
        13 => format!("{text}:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let local: jiff::civil::DateTime = full.parse().ok()?;
    let zoned = local.to_zoned(jiff::tz::TimeZone::system()).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
mod tests;
