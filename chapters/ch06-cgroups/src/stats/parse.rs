//! From the text of the kernel's files to numbers: both versions, no machine.

use std::collections::BTreeMap;

use super::{Cpu, Disk, MemoryEvents, Throttling};

/// Version 1 says "no limit" as the greatest number of pages, in bytes.
pub(super) fn is_limit(bytes: u64) -> bool {
    bytes < i64::MAX.cast_unsigned() - (1 << 20)
}

/// A file of lines like `name 42`; other lines are left out.
#[must_use]
pub fn flat(text: &str) -> BTreeMap<String, u64> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}

fn field(fields: &BTreeMap<String, u64>, name: &str) -> u64 {
    fields.get(name).copied().unwrap_or(0)
}

/// `memory.events` of version 2.
#[must_use]
pub fn memory_events_v2(text: &str) -> MemoryEvents {
    let fields = flat(text);
    MemoryEvents {
        reached: field(&fields, "max"),
        oom_kill: field(&fields, "oom_kill"),
    }
}

/// `memory.failcnt` and `memory.oom_control` of version 1.
#[must_use]
pub fn memory_events_v1(failcnt: &str, oom_control: &str) -> MemoryEvents {
    MemoryEvents {
        reached: failcnt.trim().parse().unwrap_or(0),
        oom_kill: field(&flat(oom_control), "oom_kill"),
    }
}

/// `cpu.stat` of version 2, in microseconds.
pub(super) fn cpu_v2(text: &str) -> Cpu {
    let fields = flat(text);
    let time = |name| field(&fields, name).saturating_mul(1000);
    Cpu {
        total: time("usage_usec"),
        user: time("user_usec"),
        system: time("system_usec"),
        throttling: Throttling {
            time: time("throttled_usec"),
            ..throttling(text)
        },
    }
}

/// `cpu.stat` of version 1, in nanoseconds.
pub(super) fn throttling(text: &str) -> Throttling {
    let fields = flat(text);
    Throttling {
        periods: field(&fields, "nr_periods"),
        throttled: field(&fields, "nr_throttled"),
        time: field(&fields, "throttled_time"),
    }
}

/// `8:0 rbytes=4096 wbytes=0 rios=1 …`
pub(super) fn disks_v2(text: &str) -> Vec<Disk> {
    let disk = |line: &str| {
        let mut words = line.split(' ');
        let (major, minor) = numbers(words.next()?)?;
        let mut disk = Disk {
            major,
            minor,
            ..Disk::default()
        };
        for (name, value) in words.filter_map(|word| word.split_once('=')) {
            match name {
                "rbytes" => disk.read = value.parse().ok()?,
                "wbytes" => disk.written = value.parse().ok()?,
                _ => {}
            }
        }
        Some(disk)
    };
    text.lines().filter_map(disk).collect()
}

/// `8:0 Read 4096`, `8:0 Write 0`, … and a last line `Total 4096`.
pub(super) fn disks_v1(text: &str) -> Vec<Disk> {
    let mut disks: BTreeMap<(u32, u32), Disk> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [device, what, bytes] = words[..] else {
            continue;
        };
        let (Some((major, minor)), Ok(bytes)) = (numbers(device), bytes.parse()) else {
            continue;
        };
        let disk = disks.entry((major, minor)).or_default();
        (disk.major, disk.minor) = (major, minor);
        match what {
            "Read" => disk.read = bytes,
            "Write" => disk.written = bytes,
            _ => {}
        }
    }
    disks.into_values().collect()
}

fn numbers(device: &str) -> Option<(u32, u32)> {
    let (major, minor) = device.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_for_lack_of_memory_is_counted_on_both_versions() {
        let events = MemoryEvents {
            reached: 21,
            oom_kill: 2,
        };
        let v2 = "low 0\nhigh 0\nmax 21\noom 3\noom_kill 2\noom_group_kill 0\n";
        assert_eq!(memory_events_v2(v2), events);
        let v1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        assert_eq!(memory_events_v1("21\n", v1), events);
        assert_eq!(memory_events_v1("", ""), MemoryEvents::default());
    }

    #[test]
    fn processor_time_is_in_nanoseconds() {
        let cpu = cpu_v2("usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\n");
        assert_eq!((cpu.total, cpu.user, cpu.system), (5000, 3000, 2000));
        assert_eq!(cpu.throttling.periods, 7);
        assert_eq!(throttling("throttled_time 9\n").time, 9);
    }

    #[test]
    fn both_versions_count_the_bytes_of_a_disk() {
        let disk = Disk {
            major: 8,
            minor: 16,
            read: 4096,
            written: 12,
        };
        let v1 = "8:16 Read 4096\n8:16 Write 12\n8:16 Sync 0\nTotal 4108\n";
        assert_eq!(disks_v1(v1), std::slice::from_ref(&disk));
        assert_eq!(disks_v2("8:16 rbytes=4096 wbytes=12 rios=1\n"), [disk]);
    }

    #[test]
    fn the_greatest_number_is_no_limit() {
        assert!(!is_limit(9_223_372_036_854_771_712));
        assert!(is_limit(1 << 40));
    }
}
