//! Limits as systemd reads them.

use super::*;
use crate::devices::Access;

fn shown(limits: &Limits, version: Version, systemd: u32) -> String {
    let properties = of(limits, version, systemd);
    let word = |(name, value): &Property| format!("{name}={value}");
    let words: Vec<_> = properties.iter().map(word).collect();
    words.join(" ").replace('"', "")
}

#[test]
fn limits_are_properties_of_the_version() {
    let limits = Limits {
        memory: Some(64 << 20),
        memory_swap: Some(96 << 20),
        cpu_shares: Some(1024),
        cpu_quota: Some(33_333),
        cpu_period: Some(50_000),
        cpuset_cpus: Some("0-1,9".into()),
        pids: Some(0),
        blkio_weight: Some(10),
        ..Limits::default()
    };
    assert_eq!(
        shown(&limits, Version::V2, 252),
        "MemoryMax=67108864 MemorySwapMax=33554432 CPUWeight=100 IOWeight=1 \
         TasksMax=infinity AllowedCPUs=[3, 2] CPUQuotaPeriodUSec=50000 \
         CPUQuotaPerSecUSec=670000"
    );
    assert_eq!(
        shown(&limits, Version::V1, 241),
        "MemoryLimit=67108864 CPUShares=1024 BlockIOWeight=10 TasksMax=infinity \
         CPUQuotaPerSecUSec=670000"
    );
    assert_eq!(shown(&Limits::default(), Version::V2, 252), "");
}

#[test]
fn files_by_name_are_properties_too() {
    let unified = [
        ("memory.high", "1000"),
        ("cpu.max", "max 100000"),
        ("cpu.weight", "50"),
        ("cpu.idle", "1"),
        ("pids.max", "max"),
        ("hugetlb.2MB.max", "5"),
        ("cpuset.mems", "0-99999999999"),
    ];
    let unified = unified.map(|(file, value)| (file.to_owned(), value.to_owned()));
    let limits = Limits {
        pids: Some(5),
        unified: unified.into_iter().collect(),
        ..Limits::default()
    };
    let rest = "CPUQuotaPeriodUSec=100000 CPUQuotaPerSecUSec=infinity";
    assert_eq!(
        shown(&limits, Version::V2, 252),
        format!("MemoryHigh=1000 TasksMax=infinity CPUWeight=0 {rest}")
    );
    assert_eq!(
        shown(&limits, Version::V2, 251),
        format!("MemoryHigh=1000 CPUWeight=50 TasksMax=infinity {rest}")
    );
}

#[test]
fn device_rules_are_told_where_systemd_would_open_all() {
    let rule = |kind, major, minor, letters: &str| DeviceRule {
        allow: true,
        kind,
        major,
        minor,
        access: Access::of(letters),
    };
    let mut limits = Limits {
        devices: vec![
            rule(Kind::Char, Some(9), Some(9), "r"),
            DeviceRule::NOTHING,
            rule(Kind::Char, None, None, "m"),
            rule(Kind::Char, Some(1), Some(3), "rwm"),
            rule(Kind::Block, Some(8), Some(0), "r"),
            DeviceRule {
                allow: false,
                ..rule(Kind::Block, Some(8), Some(0), "r")
            },
        ],
        ..Limits::default()
    };
    assert_eq!(
        shown(&limits, Version::V1, 252),
        "DevicePolicy=strict DeviceAllow=[char-*=m, /dev/char/1:3=rwm]"
    );
    assert_eq!(shown(&limits, Version::V2, 252), "");
    limits.devices = vec![DeviceRule::EVERYTHING];
    assert_eq!(
        shown(&limits, Version::V1, 252),
        "DevicePolicy=auto DeviceAllow=[]"
    );
}
