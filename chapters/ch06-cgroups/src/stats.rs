//! What a group has used: the kernel's counters, the same for both versions.
//!
//! The files differ in names, units and shape; parsers from text to numbers do not
//! touch the machine, and [`Cgroup::stats`] is one read around each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cgroup::Cgroup;
use crate::layout::Version;

/// Counters of a group. A counter whose controller is not here stays at zero, a limit
/// that is not set is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Processor time.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Processes and threads that there are.
    pub pids: u64,
    /// How many there may be.
    pub pids_limit: Option<u64>,
    /// Bytes that went to and from disks.
    pub disks: Vec<Disk>,
}

/// Processor time that was used, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// All of it.
    pub total: u64,
    /// In programs.
    pub user: u64,
    /// In the kernel.
    pub system: u64,
    /// How many periods of the quota went by, in how many it ran out, and how long
    /// the group had to wait then, in nanoseconds.
    pub throttling: Throttling,
}

/// How the processor quota worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttling {
    /// Periods that went by.
    pub periods: u64,
    /// Periods in which the quota ran out.
    pub throttled: u64,
    /// Nanoseconds that the group had to wait.
    pub time: u64,
}

/// Memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What is used, the page cache included.
    pub usage: u64,
    /// The most that was ever used.
    pub peak: u64,
    /// How much there may be.
    pub limit: Option<u64>,
    /// Page cache that nobody has looked at for a while: it can go at once, so that
    /// docker takes it off the usage that it shows.
    pub inactive_file: u64,
    /// All fields of `memory.stat`, as this version names them.
    pub stat: BTreeMap<String, u64>,
}

/// One disk's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// The driver's number.
    pub major: u32,
    /// The device's number.
    pub minor: u32,
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that were written.
    pub written: u64,
}

/// What happened at the memory limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryEvents {
    /// How often the limit was reached.
    pub reached: u64,
    /// How many processes the kernel killed for it.
    pub oom_kill: u64,
}

impl Cgroup {
    /// The counters as they are now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            cpu: self.cpu(),
            memory: self.memory(),
            pids: self.number("pids", "pids.current").unwrap_or(0),
            pids_limit: self.number("pids", "pids.max"),
            disks: match self.version("io").or(self.version("blkio")) {
                Some(Version::V2) => disks_v2(&self.text("io", "io.stat")),
                _ => {
                    let file = "blkio.throttle.io_service_bytes_recursive";
                    disks_v1(&self.text("blkio", file))
                }
            },
        }
    }

    /// What happened at the memory limit so far.
    #[must_use]
    pub fn memory_events(&self) -> MemoryEvents {
        match self.version("memory") {
            Some(Version::V2) => memory_events_v2(&self.text("memory", "memory.events")),
            _ => memory_events_v1(
                &self.text("memory", "memory.failcnt"),
                &self.text("memory", "memory.oom_control"),
            ),
        }
    }

    fn cpu(&self) -> Cpu {
        // cpu.stat of version 2 is there even where its controller is not.
        match self.version("cpuacct") {
            Some(Version::V1) => Cpu {
                total: self.number("cpuacct", "cpuacct.usage").unwrap_or(0),
                user: self.number("cpuacct", "cpuacct.usage_user").unwrap_or(0),
                system: self.number("cpuacct", "cpuacct.usage_sys").unwrap_or(0),
                throttling: throttling(&self.text("cpu", "cpu.stat")),
            },
            _ => cpu_v2(&self.text("cpu", "cpu.stat")),
        }
    }

    fn memory(&self) -> Memory {
        let v1 = self.version("memory") == Some(Version::V1);
        let [usage, peak, limit, inactive] = if v1 {
            [
                "memory.usage_in_bytes",
                "memory.max_usage_in_bytes",
                "memory.limit_in_bytes",
                "total_inactive_file",
            ]
        } else {
            [
                "memory.current",
                "memory.peak",
                "memory.max",
                "inactive_file",
            ]
        };
        let stat = flat(&self.text("memory", "memory.stat"));
        Memory {
            usage: self.number("memory", usage).unwrap_or(0),
            peak: self.number("memory", peak).unwrap_or(0),
            limit: self.number("memory", limit).filter(|n| is_limit(*n)),
            inactive_file: stat.get(inactive).copied().unwrap_or(0),
            stat,
        }
    }

    fn version(&self, controller: &str) -> Option<Version> {
        self.folder_with(controller).map(|f| f.tree.version)
    }

    fn text(&self, controller: &str, file: &str) -> String {
        let folder = self.folder_with(controller);
        let folder = folder.or_else(|| self.folder(Version::V2));
        let read = |path: &Path| fs::read_to_string(path.join(file)).ok();
        folder.and_then(|f| read(&f.path)).unwrap_or_default()
    }

    fn number(&self, controller: &str, file: &str) -> Option<u64> {
        self.text(controller, file).trim().parse().ok()
    }
}

/// Version 1 says "no limit" as the greatest number of pages, in bytes.
fn is_limit(bytes: u64) -> bool {
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
fn cpu_v2(text: &str) -> Cpu {
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
fn throttling(text: &str) -> Throttling {
    let fields = flat(text);
    Throttling {
        periods: field(&fields, "nr_periods"),
        throttled: field(&fields, "nr_throttled"),
        time: field(&fields, "throttled_time"),
    }
}

/// `8:0 rbytes=4096 wbytes=0 rios=1 …`
fn disks_v2(text: &str) -> Vec<Disk> {
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
fn disks_v1(text: &str) -> Vec<Disk> {
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
