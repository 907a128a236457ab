//! The limits that few ask for: bytes and transfers of a disk, huge pages, real time,
//! marks on network packets, RDMA.
//!
//! Some have no counterpart in the other version. They keep their file's name then: it
//! is not there, and whoever asked is told that by the name.

use std::collections::BTreeMap;

use super::Setting;
use crate::layout::Version;

/// Limits that few ask for. What is empty is not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rare {
    /// 1 makes the group run only when nobody else wants to.
    pub cpu_idle: Option<i64>,
    /// Microseconds that may be saved up for later periods.
    pub cpu_burst: Option<u64>,
    /// Microseconds of real-time scheduling in each period (version 1 only).
    pub realtime_runtime: Option<i64>,
    /// That period's length (version 1 only).
    pub realtime_period: Option<u64>,
    /// The group's weight against its own children (version 1, before Linux 5).
    pub leaf_weight: Option<u16>,
    /// Weights for one disk, and leaf weights.
    pub weights: Vec<(Device, Option<u16>, Option<u16>)>,
    /// The most that a disk may do for the group in a second.
    pub throttles: Vec<Throttle>,
    /// Bytes of huge pages, by their size, like `2MB`.
    pub huge_pages: BTreeMap<String, i64>,
    /// The class of the group's packets, for tc(8) (version 1 only).
    pub net_class: Option<u32>,
    /// The priority of its packets, by interface (version 1 only).
    pub net_priorities: Vec<(String, u32)>,
    /// Handles and objects, by RDMA device.
    pub rdma: BTreeMap<String, (Option<u32>, Option<u32>)>,
}

/// A device by its numbers.
pub type Device = (i64, i64);

/// A limit of what is read from or written to one disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The disk.
    pub device: Device,
    /// Of writing, not of reading.
    pub writes: bool,
    /// Counted in transfers, not in bytes.
    pub transfers: bool,
    /// How many in a second; 0 is no limit.
    pub rate: u64,
}

impl Rare {
    pub(super) fn files(&self, version: Version) -> Vec<Setting> {
        let v2 = version == Version::V2;
        let name = |first: &'static str, second| if v2 { second } else { first };
        let mut files = Vec::new();
        let mut set = |file: &str, value: Option<String>| {
            files.extend(value.map(|value| Setting::new(file, value)));
        };
        set("cpu.idle", self.cpu_idle.map(|n| n.to_string()));
        // After the quota, which it may not exceed.
        let burst = name("cpu.cfs_burst_us", "cpu.max.burst");
        set(burst, self.cpu_burst.map(|n| n.to_string()));
        set(
            "cpu.rt_period_us",
            self.realtime_period.map(|n| n.to_string()),
        );
        set(
            "cpu.rt_runtime_us",
            self.realtime_runtime.map(|n| n.to_string()),
        );
        set("blkio.leaf_weight", self.leaf_weight.map(|n| n.to_string()));
        for ((major, minor), weight, leaf) in &self.weights {
            let line = |weight: &u16| format!("{major}:{minor} {weight}");
            let file = name("blkio.weight_device", "io.bfq.weight");
            set(file, weight.as_ref().map(line));
            set("blkio.leaf_weight_device", leaf.as_ref().map(line));
        }
        for throttle in &self.throttles {
            let (file, value) = if v2 {
                ("io.max".to_owned(), throttle.line_v2())
            } else {
                (throttle.file_v1(), throttle.line_v1())
            };
            set(&file, Some(value));
        }
        for (size, limit) in &self.huge_pages {
            let last = name("limit_in_bytes", "max");
            set(&format!("hugetlb.{size}.{last}"), Some(limit.to_string()));
        }
        set("net_cls.classid", self.net_class.map(|n| n.to_string()));
        for (interface, priority) in &self.net_priorities {
            set(
                "net_prio.ifpriomap",
                Some(format!("{interface} {priority}")),
            );
        }
        for (device, (handles, objects)) in &self.rdma {
            let part = |name: &str, n: &Option<u32>| n.map(|n| format!(" {name}={n}"));
            let parts = [part("hca_handle", handles), part("hca_object", objects)];
            let parts: String = parts.into_iter().flatten().collect();
            set("rdma.max", Some(format!("{device}{parts}")));
        }
        files
    }
}

impl Throttle {
    fn file_v1(&self) -> String {
        let direction = if self.writes { "write" } else { "read" };
        let unit = if self.transfers { "iops" } else { "bps" };
        format!("blkio.throttle.{direction}_{unit}_device")
    }

    fn line_v1(&self) -> String {
        let (major, minor) = self.device;
        format!("{major}:{minor} {}", self.rate)
    }

    fn line_v2(&self) -> String {
        let (major, minor) = self.device;
        let direction = if self.writes { 'w' } else { 'r' };
        let unit = if self.transfers { "iops" } else { "bps" };
        let rate = match self.rate {
            0 => "max".to_owned(),
            rate => rate.to_string(),
        };
        format!("{major}:{minor} {direction}{unit}={rate}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Rare {
        Rare {
            cpu_idle: Some(1),
            cpu_burst: Some(500),
            weights: vec![((8, 0), Some(100), None)],
            throttles: vec![
                Throttle {
                    device: (8, 0),
                    writes: true,
                    transfers: false,
                    rate: 1024,
                },
                Throttle {
                    device: (8, 1),
                    writes: false,
                    transfers: true,
                    rate: 0,
                },
            ],
            huge_pages: [("2MB".to_owned(), 4 << 20)].into(),
            net_class: Some(0x10_0001),
            net_priorities: vec![("eth0".to_owned(), 5)],
            rdma: [("mlx4_0".to_owned(), (Some(2), None))].into(),
            ..Rare::default()
        }
    }

    fn shown(version: Version) -> Vec<String> {
        let files = all().files(version).into_iter();
        files.map(|s| format!("{}={}", s.file, s.value)).collect()
    }

    #[test]
    fn each_version_has_its_own_files_and_some_only_one_has() {
        assert_eq!(
            shown(Version::V1),
            [
                "cpu.idle=1",
                "cpu.cfs_burst_us=500",
                "blkio.weight_device=8:0 100",
                "blkio.throttle.write_bps_device=8:0 1024",
                "blkio.throttle.read_iops_device=8:1 0",
                "hugetlb.2MB.limit_in_bytes=4194304",
                "net_cls.classid=1048577",
                "net_prio.ifpriomap=eth0 5",
                "rdma.max=mlx4_0 hca_handle=2",
            ]
        );
        assert_eq!(
            shown(Version::V2),
            [
                "cpu.idle=1",
                "cpu.max.burst=500",
                "io.bfq.weight=8:0 100",
                "io.max=8:0 wbps=1024",
                "io.max=8:1 riops=max",
                "hugetlb.2MB.max=4194304",
                "net_cls.classid=1048577",
                "net_prio.ifpriomap=eth0 5",
                "rdma.max=mlx4_0 hca_handle=2",
            ]
        );
    }

    #[test]
    fn what_is_not_said_is_not_written() {
        for version in [Version::V1, Version::V2] {
            assert_eq!(Rare::default().files(version), []);
        }
    }
}
