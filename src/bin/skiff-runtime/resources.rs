//! The limits of `update`: its flags, and what they ask for; those of a file, and over them
//! what was typed.

use std::fs;
use std::io::{Read, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

#[derive(Args, Debug)]
pub(crate) struct Change {
    /// A file with the limits as `linux.resources`; `-` is standard input.
    #[arg(short, long)]
    pub(crate) resources: Option<PathBuf>,
    /// The weight for disks, 10 to 1000.
    #[arg(long)]
    pub(crate) blkio_weight: Option<u16>,
    /// The length of a processor period (microseconds).
    #[arg(long)]
    pub(crate) cpu_period: Option<u64>,
    /// Processor time in each period (microseconds); -1 is no limit.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) cpu_quota: Option<i64>,
    /// The weight for processors.
    #[arg(long, visible_alias = "cpu-shares")]
    pub(crate) cpu_share: Option<u64>,
    /// The processors to run on, like 0-3,7.
    #[arg(long)]
    pub(crate) cpuset_cpus: Option<String>,
    /// The memory nodes to use.
    #[arg(long)]
    pub(crate) cpuset_mems: Option<String>,
    /// Bytes of memory (with k, m, g); -1 is no limit.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) memory: Option<String>,
    /// Bytes that are taken last when memory is short.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) memory_reservation: Option<String>,
    /// Bytes of memory and swap together; -1 is no limit.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) memory_swap: Option<String>,
    /// How many processes there may be; -1 is no limit.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) pids_limit: Option<i64>,
    /// The container's name.
    pub(crate) id: String,
}

/// What is asked for, as `linux.resources` would have it.
pub(crate) fn asked(change: &Change) -> Result<Value> {
    let mut all = match &change.resources {
        None => json!({}),
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            stdin()
                .read_to_string(&mut text)
                .context("read the limits")?;
            serde_json::from_str(&text).context("parse the limits")?
        }
        Some(path) => {
            let text =
                fs::read(path).with_context(|| format!("read {}", path.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("parse {}", path.display()))?
        }
    };
    let bytes = |typed: &Option<String>| typed.as_deref().map(bytes).transpose();
    let typed = [
        ("blockIO", "weight", change.blkio_weight.map(Value::from)),
        ("cpu", "period", change.cpu_period.map(Value::from)),
        ("cpu", "quota", change.cpu_quota.map(Value::from)),
        ("cpu", "shares", change.cpu_share.map(Value::from)),
        ("cpu", "cpus", change.cpuset_cpus.clone().map(Value::from)),
        ("cpu", "mems", change.cpuset_mems.clone().map(Value::from)),
        ("memory", "limit", bytes(&change.memory)?.map(Value::from)),
        (
            "memory",
            "reservation",
            bytes(&change.memory_reservation)?.map(Value::from),
        ),
        (
            "memory",
            "swap",
            bytes(&change.memory_swap)?.map(Value::from),
        ),
        ("pids", "limit", change.pids_limit.map(Value::from)),
    ];
    for (section, name, value) in typed {
        if let Some(value) = value {
            all[section][name] = value;
        }
    }
    Ok(all)
}

/// Bytes, with the suffixes that runc knows: b, k, m, g, t, powers of 1024.
fn bytes(typed: &str) -> Result<i64> {
    let text = typed.to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, power) = match text.char_indices().last() {
        Some((end, 'k')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 2),
        Some((end, 'g')) => (&text[..end], 3),
        Some((end, 't')) => (&text[..end], 4),
        _ => (text, 0),
    };
    let number = digits.parse::<i64>().ok();
    number
        .and_then(|number| number.checked_mul(1024_i64.pow(power)))
        .with_context(|| format!("{typed:?} is not a number of bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_suffixes() {
        let rows = [
            ("-1", -1),
            ("0", 0),
            ("5b", 5),
            ("2k", 2048),
            ("1Gb", 1 << 30),
        ];
        for (typed, meant) in rows {
            assert_eq!(bytes(typed).unwrap(), meant, "{typed}");
        }
        for bad in ["", "k", "1x", "ü", "9999999999g", "1 k"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
