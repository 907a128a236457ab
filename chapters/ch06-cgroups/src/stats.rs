//! What a group has used: the kernel's counters, the same for both versions.
//!
//! The files differ in names, units and shape; parsers from text to numbers do not
//! touch the machine, and [`Cgroup::stats`] is one read around each.

mod parse;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cgroup::Cgroup;
use crate::layout::Version;
use parse::{cpu_v2, disks_v1, disks_v2, is_limit, throttling};
pub use parse::{flat, memory_events_v1, memory_events_v2};

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
