//! Limits as properties of a unit (systemd.resource-control(5)).
//!
//! systemd writes the files of its units anew whenever it likes: when it reads its
//! configuration again, when a neighbour comes or goes. What it has not been told it
//! sets to the usual. So it is told each limit that it has a property for; the others
//! it does not know, and leaves alone.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::devices::{DeviceRule, Kind};
use crate::layout::Version;
use crate::limits::Limits;

use super::bus::Value;

/// A property's name and value.
pub(crate) type Property = (&'static str, Value);

/// Nobody's limit, as systemd's properties say it.
const INFINITY: u64 = u64::MAX;

/// Microseconds: the period that the kernel takes when it is not told.
const USUAL_PERIOD: u64 = 100_000;

/// The properties that say what the files of this version say. `systemd` is the version
/// of who will read them: it refuses a property that it does not know.
pub(crate) fn of(limits: &Limits, version: Version, systemd: u32) -> Vec<Property> {
    let files = limits.files(version);
    // Of two settings for one file the later one holds.
    let files: BTreeMap<&str, &str> = files
        .iter()
        .map(|setting| (setting.file.as_str(), setting.value.trim()))
        .collect();
    let mut properties = Vec::new();
    for (file, since, name) in PLAIN {
        let value = files.get(file).and_then(|value| number(value));
        if let Some(value) = value.filter(|_| systemd >= *since) {
            properties.push((*name, Value::U64(value)));
        }
    }
    for (file, name) in SETS {
        let set = files.get(file).and_then(|list| bits(list));
        if let Some(set) = set.filter(|_| systemd >= 244) {
            let bytes = set.into_iter().map(Value::Byte).collect();
            properties.push((*name, Value::Array("y".to_owned(), bytes)));
        }
    }
    // A group that is idle has no weight: since version 252 that is a weight of 0.
    if files.get("cpu.idle") == Some(&"1") && systemd >= 252 && version == Version::V2 {
        properties.retain(|(name, _)| *name != "CPUWeight");
        properties.push(("CPUWeight", Value::U64(0)));
    }
    properties.extend(quota(&files, systemd));
    if version == Version::V1 && !limits.devices.is_empty() {
        properties.extend(devices(&limits.devices));
    }
    properties
}

/// The files whose number is a property's: the first version of systemd, and the name.
// ANCHOR: PLAIN
const PLAIN: &[(&str, u32, &str)] = &[
    ("memory.limit_in_bytes", 0, "MemoryLimit"),
    ("cpu.shares", 0, "CPUShares"),
    ("blkio.weight", 0, "BlockIOWeight"),
    ("memory.max", 0, "MemoryMax"),
    ("memory.high", 0, "MemoryHigh"),
    ("memory.low", 0, "MemoryLow"),
    ("memory.min", 240, "MemoryMin"),
    ("memory.swap.max", 0, "MemorySwapMax"),
    ("cpu.weight", 0, "CPUWeight"),
    ("io.weight", 0, "IOWeight"),
    ("pids.max", 0, "TasksMax"),
];
// ANCHOR_END: PLAIN

/// The files with a list of numbers. (In version 1 systemd has no processor sets.)
const SETS: &[(&str, &str)] = &[
    ("cpuset.cpus", "AllowedCPUs"),
    ("cpuset.mems", "AllowedMemoryNodes"),
];

/// A number, or that there is no limit.
fn number(value: &str) -> Option<u64> {
    match value.strip_prefix("default ").unwrap_or(value) {
        "max" | "-1" => Some(INFINITY),
        digits => digits.parse().ok(),
    }
}

/// The quota of processor time, in either version's files.
fn quota(files: &BTreeMap<&str, &str>, systemd: u32) -> Vec<Property> {
    let (quota, period) = match files.get("cpu.max") {
        Some(both) => match both.split_once(' ') {
            Some((quota, period)) => (Some(quota), Some(period)),
            None => (Some(*both), None),
        },
        None => (
            files.get("cpu.cfs_quota_us").copied(),
            files.get("cpu.cfs_period_us").copied(),
        ),
    };
    if quota.is_none() && period.is_none() {
        return Vec::new();
    }
    let period = period.and_then(|period| period.trim().parse::<u64>().ok());
    let quota = quota.and_then(number).unwrap_or(INFINITY);
    let mut properties = Vec::new();
    if let Some(period) = period.filter(|_| systemd >= 242) {
        properties.push(("CPUQuotaPeriodUSec", Value::U64(period)));
    }
    let each = per_second(quota, period.unwrap_or(USUAL_PERIOD));
    properties.push(("CPUQuotaPerSecUSec", Value::U64(each)));
    properties
}

/// Microseconds in each second, as systemd counts: in percents, and never less than what
/// was asked for.
fn per_second(quota: u64, period: u64) -> u64 {
    if quota == INFINITY || period == 0 {
        return INFINITY;
    }
    let each = u128::from(quota) * 1_000_000 / u128::from(period);
    u64::try_from(each.next_multiple_of(10_000)).unwrap_or(INFINITY)
}

/// A list such as `0-3,7` as a set of bits, the least byte first; `None` when it is no
/// such list, which the kernel will say better.
fn bits(list: &str) -> Option<Vec<u8>> {
    /// More processors than any machine has.
    const MOST: usize = 1 << 16;
    let mut bytes = Vec::new();
    for range in list
        .split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty())
    {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse::<usize>().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        for bit in first..=last {
            if bytes.len() <= bit / 8 {
                bytes.resize(bit / 8 + 1, 0);
            }
            bytes[bit / 8] |= 1 << (bit % 8);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// The device rules: in version 1 systemd opens what it has not been told to close.
fn devices(rules: &[DeviceRule]) -> Vec<Property> {
    let drivers = std::fs::read_to_string("/proc/devices").unwrap_or_default();
    let mut all = false;
    let mut allowed: Vec<(String, String)> = Vec::new();
    for rule in rules {
        let everything = rule.kind == Kind::Any && rule.major.is_none();
        if everything {
            all = rule.allow;
            allowed.clear();
            continue;
        }
        for node in nodes(rule, &drivers) {
            allowed.retain(|(known, _)| *known != node);
            if rule.allow {
                allowed.push((node, rule.access.letters()));
            }
        }
    }
    let pair = |(node, access): (String, String)| {
        Value::Struct(vec![Value::Text(node), Value::Text(access)])
    };
    let allowed = allowed.into_iter().map(pair).collect();
    let policy = if all { "auto" } else { "strict" };
    vec![
        ("DevicePolicy", Value::text(policy)),
        ("DeviceAllow", Value::Array("(ss)".to_owned(), allowed)),
    ]
}

/// The nodes of a rule, as systemd names them: by number, by driver, or all of a kind.
fn nodes(rule: &DeviceRule, drivers: &str) -> Vec<String> {
    let kinds: &[(&str, &str)] = match rule.kind {
        Kind::Any => &[("char", "Character devices:"), ("block", "Block devices:")],
        Kind::Block => &[("block", "Block devices:")],
        Kind::Char => &[("char", "Character devices:")],
    };
    let node = |(kind, heading): &(&str, &str)| match (rule.major, rule.minor) {
        (None, _) => vec![format!("{kind}-*")],
        (Some(major), Some(minor)) => vec![format!("/dev/{kind}/{major}:{minor}")],
        (Some(major), None) => drivers_of(drivers, heading, major)
            .map(|name| format!("{kind}-{name}"))
            .collect(),
    };
    kinds.iter().flat_map(node).collect()
}

/// The drivers with a number, in the text of `/proc/devices` below a heading.
fn drivers_of<'a>(
    drivers: &'a str,
    heading: &'a str,
    major: u32,
) -> impl Iterator<Item = &'a str> {
    let below = drivers
        .lines()
        .skip_while(move |line| *line != heading)
        .skip(1);
    let lines = below.take_while(|line| !line.is_empty());
    let pairs = lines.filter_map(|line| line.trim().split_once(' '));
    pairs.filter_map(move |(number, name)| (number.parse() == Ok(major)).then_some(name))
}
