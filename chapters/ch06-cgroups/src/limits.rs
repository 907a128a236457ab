//! What a container may have, as data, and the files that say so to the kernel.
//!
//! The units are those of the OCI runtime specification (`linux.resources`), which
//! are those of version 1; for version 2 they are converted as the specification's
//! authors do (`opencontainers/cgroups`), so that a limit means the same on both.

mod rare;

use std::collections::BTreeMap;

use crate::devices::{self, DeviceRule};
use crate::layout::Version;
use crate::weight;
pub use rare::{Device, Rare, Throttle};

/// What a container may have. `None` leaves the kernel's own default.
// ANCHOR: Limits
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Bytes of memory; -1 is no limit.
    pub memory: Option<i64>,
    /// Bytes of memory and swap together; -1 is no limit.
    pub memory_swap: Option<i64>,
    /// Bytes of memory that are taken last when memory is short.
    pub memory_reservation: Option<i64>,
    /// How gladly the kernel swaps this group, 0 to 100 (version 1 only).
    pub memory_swappiness: Option<u64>,
    /// Make the group wait when it is out of memory (version 1 only).
    pub disable_oom_killer: bool,
    /// The group's weight for processors, of which 1024 is the usual one.
    pub cpu_shares: Option<u64>,
    /// Microseconds of processor time in each period; -1 is no limit.
    pub cpu_quota: Option<i64>,
    /// The length of that period in microseconds.
    pub cpu_period: Option<u64>,
    /// The processors that it may run on, like `0-3,7`.
    pub cpuset_cpus: Option<String>,
    /// The memory nodes that it may use.
    pub cpuset_mems: Option<String>,
    /// How many processes and threads there may be; 0 and below is no limit.
    pub pids: Option<i64>,
    /// The group's weight for disks, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// What few ask for.
    pub rare: Rare,
    /// Refuse a limit of memory below what is in use, instead of trying to get there.
    pub check_before_update: bool,
    /// Files of version 2, by name, that are written as they are.
    pub unified: BTreeMap<String, String>,
    /// Which devices may be opened or made; no rule at all leaves that as it is.
    pub devices: Vec<DeviceRule>,
}
// ANCHOR_END: Limits

/// One file to write, in the folder of the group in the controller's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Whose file it is.
    pub controller: String,
    /// Its name.
    pub file: String,
    /// What is written.
    pub value: String,
    /// Asked for by the file's name: it is in the tree of version 2, or nowhere.
    pub unified: bool,
}

impl Setting {
    fn new(file: &str, value: impl ToString) -> Self {
        let controller = file.split_once('.').map_or(file, |(name, _)| name);
        Self {
            controller: controller.to_owned(),
            file: file.to_owned(),
            value: value.to_string(),
            unified: false,
        }
    }
}

impl Limits {
    /// The files that say this, in the order in which a new group takes them.
    ///
    /// The device rules of version 2 are no file but a [`filter`](crate::filter).
    #[must_use]
    pub fn files(&self, version: Version) -> Vec<Setting> {
        let mut files = match version {
            Version::V1 => self.files_v1(),
            Version::V2 => self.files_v2(),
        };
        files.extend(self.rare.files(version));
        files
    }

    // ANCHOR: files_v1
    fn files_v1(&self) -> Vec<Setting> {
        let mut files = Vec::new();
        let mut set = |file: &str, value: Option<String>| {
            files.extend(value.map(|value| Setting::new(file, value)));
        };
        let memory = self.memory.filter(|bytes| *bytes != 0);
        let swap = self.memory_swap.filter(|bytes| *bytes != 0);
        // First the part, then the sum: the kernel refuses a part above it.
        set("memory.limit_in_bytes", memory.map(text));
        set("memory.memsw.limit_in_bytes", swap.map(text));
        set(
            "memory.soft_limit_in_bytes",
            self.memory_reservation.map(text),
        );
        set("memory.swappiness", self.memory_swappiness.map(text));
        let oom = self.disable_oom_killer.then(|| "1".to_owned());
        set("memory.oom_control", oom);
        set("cpu.shares", self.cpu_shares.filter(|n| *n != 0).map(text));
        set(
            "cpu.cfs_period_us",
            self.cpu_period.filter(|n| *n != 0).map(text),
        );
        set(
            "cpu.cfs_quota_us",
            self.cpu_quota.filter(|n| *n != 0).map(text),
        );
        set("cpuset.cpus", self.cpuset_cpus.clone());
        set("cpuset.mems", self.cpuset_mems.clone());
        set("pids.max", self.pids.map(or_max));
        set(
            "blkio.weight",
            self.blkio_weight.filter(|n| *n != 0).map(text),
        );
        for rule in &self.devices {
            let file = if rule.allow {
                "devices.allow"
            } else {
                "devices.deny"
            };
            set(file, Some(devices::line(rule)));
        }
        files
    }
    // ANCHOR_END: files_v1

    // ANCHOR: files_v2
    fn files_v2(&self) -> Vec<Setting> {
        let mut files = Vec::new();
        let mut set = |file: &str, value: Option<String>| {
            files.extend(value.map(|value| Setting::new(file, value)));
        };
        let memory = self.memory.filter(|bytes| *bytes != 0);
        set("memory.max", memory.map(or_max));
        set("memory.swap.max", self.swap_alone());
        set("memory.low", self.memory_reservation.map(or_max));
        let shares = self.cpu_shares.filter(|n| *n != 0);
        set("cpu.weight", shares.map(|n| text(weight::of_shares(n))));
        set("cpu.max", self.cpu_max());
        set("cpuset.cpus", self.cpuset_cpus.clone());
        set("cpuset.mems", self.cpuset_mems.clone());
        set("pids.max", self.pids.map(or_max));
        let weight = self.blkio_weight.filter(|n| *n != 0);
        set("io.weight", weight.map(|n| text(weight::of_blkio(n))));
        let named = self.unified.iter().map(|(file, value)| Setting {
            unified: true,
            ..Setting::new(file, value)
        });
        files.extend(named);
        files
    }
    // ANCHOR_END: files_v2

    /// Version 2 counts swap by itself, not together with memory.
    fn swap_alone(&self) -> Option<String> {
        match (self.memory_swap?, self.memory.unwrap_or(0)) {
            (0, _) => None,
            (..0, _) => Some("max".to_owned()),
            // The sum says nothing about its parts when one has no limit.
            (_, ..=0) => None,
            (sum, memory) => Some(text((sum - memory).max(0))),
        }
    }

    /// `cpu.max` is quota and period in one file.
    fn cpu_max(&self) -> Option<String> {
        let quota = self.cpu_quota.filter(|n| *n != 0);
        let period = self.cpu_period.filter(|n| *n != 0);
        if quota.is_none() && period.is_none() {
            return None;
        }
        let quota = quota.map_or("max".to_owned(), or_max);
        Some(match period {
            Some(period) => format!("{quota} {period}"),
            None => quota,
        })
    }
}

fn text(value: impl ToString) -> String {
    value.to_string()
}

fn or_max(value: i64) -> String {
    if value > 0 {
        value.to_string()
    } else {
        "max".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(limits: &Limits, version: Version) -> Vec<String> {
        let files = limits.files(version);
        files
            .iter()
            .map(|s| format!("{}: {}={}", s.controller, s.file, s.value))
            .collect()
    }

    fn usual() -> Limits {
        Limits {
            memory: Some(64 << 20),
            memory_swap: Some(96 << 20),
            cpu_shares: Some(1024),
            cpu_quota: Some(50_000),
            cpu_period: Some(100_000),
            cpuset_cpus: Some("0-1".into()),
            pids: Some(-1),
            ..Limits::default()
        }
    }

    #[test]
    fn version_1_takes_the_numbers_as_they_are() {
        assert_eq!(
            shown(&usual(), Version::V1),
            [
                "memory: memory.limit_in_bytes=67108864",
                "memory: memory.memsw.limit_in_bytes=100663296",
                "cpu: cpu.shares=1024",
                "cpu: cpu.cfs_period_us=100000",
                "cpu: cpu.cfs_quota_us=50000",
                "cpuset: cpuset.cpus=0-1",
                "pids: pids.max=max",
            ]
        );
    }

    #[test]
    fn version_2_wants_them_converted() {
        assert_eq!(
            shown(&usual(), Version::V2),
            [
                "memory: memory.max=67108864",
                "memory: memory.swap.max=33554432",
                "cpu: cpu.weight=100",
                "cpu: cpu.max=50000 100000",
                "cpuset: cpuset.cpus=0-1",
                "pids: pids.max=max",
            ]
        );
    }

    #[test]
    fn no_limit_is_minus_one_or_max() {
        let limits = Limits {
            memory: Some(-1),
            memory_swap: Some(-1),
            cpu_quota: Some(-1),
            ..Limits::default()
        };
        let v1 = shown(&limits, Version::V1).join(" ");
        assert!(v1.contains("memory.memsw.limit_in_bytes=-1"), "{v1}");
        let v2 = shown(&limits, Version::V2).join(" ");
        assert!(v2.contains("memory.max=max"), "{v2}");
        assert!(v2.contains("memory.swap.max=max"), "{v2}");
        assert!(v2.contains("cpu.max=max"), "{v2}");
    }

    #[test]
    fn what_is_not_said_is_not_written() {
        for version in [Version::V1, Version::V2] {
            assert_eq!(Limits::default().files(version), []);
        }
    }
}
