//! The machine on which a long transcript was seen, as far as such a transcript tells.
//!
//! The list of steps of a whole container shows each tree of control groups, and each
//! file that the kernel has and a container must not see. These differ between machines,
//! and are no mistake. So the transcript's first line says what its machine had.

use std::fs;
use std::path::Path;

/// What a container hides when it is there (the list of docker's default).
const HIDDEN: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// This machine: architecture, capabilities, cgroup trees, what there is to hide.
pub(super) fn this() -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let trees = mounts.lines().filter_map(|line| {
        let fields: Vec<_> = line.split(' ').collect();
        let tree = fields.get(2)?.starts_with("cgroup");
        tree.then(|| fields[1].rsplit('/').next().unwrap_or_default())
    });
    let hidden = HIDDEN.iter().filter(|path| Path::new(path).exists());
    let last = fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap_or_default();
    format!(
        "# Seen on: {}, capabilities to {}, cgroups {}, {} files to hide",
        std::env::consts::ARCH,
        last.trim(),
        trees.collect::<Vec<_>>().join(" "),
        hidden.count(),
    )
}

/// Whether a transcript was seen on another machine than this.
pub(super) fn is_another(transcript: &str) -> bool {
    let first = transcript.lines().next().unwrap_or_default();
    first.starts_with("# Seen on: ") && first != this()
}
