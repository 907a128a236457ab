//! What most containers have mounted, hidden and frozen, as data.
//!
//! Source: what docker writes into a `config.json` for a container that asks for
//! nothing.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::devices::default_devices;
use crate::hide::{self, make_root_read_only, mask};
use crate::pivot::pivot;
use crate::plan::{Mount, apply};
use crate::propagation::{Propagation, prepare_root};
use crate::root::Root;
use crate::table;

/// The mounts, for whoever has many ids and a network namespace of their own.
// ANCHOR: usual
#[must_use]
pub fn usual() -> Vec<Mount> {
    let shm = ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"];
    let pts = [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        "gid=5",
    ];
    vec![
        mount("proc", "/proc", &["nosuid", "noexec", "nodev"]),
        mount(
            "tmpfs",
            "/dev",
            &["nosuid", "strictatime", "mode=755", "size=65536k"],
        ),
        mount("devpts", "/dev/pts", &pts),
        mount("sysfs", "/sys", &["nosuid", "noexec", "nodev", "ro"]),
        mount(
            "cgroup",
            "/sys/fs/cgroup",
            &["nosuid", "noexec", "nodev", "ro"],
        ),
        mount("mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"]),
        mount("tmpfs", "/dev/shm", &shm),
    ]
}
// ANCHOR_END: usual

/// The same for an ordinary user with one id and the host's network: there is no group
/// 5 to own terminals, and the kernel grants no sysfs, so the host's is bound.
#[must_use]
pub fn usual_for_one_id() -> Vec<Mount> {
    let mut plan = usual();
    plan.retain(|mount| mount.fstype.as_deref() != Some("cgroup"));
    for mount in &mut plan {
        mount.options.retain(|option| option != "gid=5");
        if mount.fstype.as_deref() == Some("sysfs") {
            mount.fstype = None;
            mount.source = Some("/sys".into());
            mount.options.retain(|option| option != "ro");
            mount
                .options
                .extend(["rbind", "rslave", "rro"].map(str::to_owned));
        }
    }
    plan
}

/// Files and folders that speak of the host: [`mask`](crate::mask)ed.
pub const MASKED: [&str; 12] = [
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

/// Files and folders that change the host: [`read_only`](crate::read_only).
pub const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// The chapter in one function: from a folder to the root of this mount namespace, for
/// whoever has nothing to do in between (chapter 9 has).
///
/// # Errors
/// At the first step that fails.
pub fn furnish(folder: &Path, plan: &[Mount], read_only: bool) -> Result<()> {
    furnish_with(folder, plan, read_only, |_| Ok(()))
}

/// The same, with something to do after the pivot, while `/proc` can still be written.
///
/// # Errors
/// At the first step that fails, `inside` among them.
// ANCHOR: furnish_with
pub fn furnish_with(
    folder: &Path,
    plan: &[Mount],
    read_only: bool,
    inside: impl FnOnce(&Root) -> Result<()>,
) -> Result<()> {
    let root = prepare_root(folder, Propagation::RSLAVE)?;
    apply(&root, plan, &table::read()?)?;
    default_devices(&root, false)?;
    pivot(&root)?;
    let root = root.inside()?;
    inside(&root)?;
    mask(&root, &MASKED.map(PathBuf::from))?;
    hide::read_only(&root, &READ_ONLY.map(PathBuf::from))?;
    if read_only {
        make_root_read_only()?;
    }
    Ok(())
}
// ANCHOR_END: furnish_with

fn mount(fstype: &str, target: &str, options: &[&str]) -> Mount {
    Mount {
        source: Some(PathBuf::from(fstype)),
        target: target.into(),
        fstype: Some(fstype.to_owned()),
        options: options.iter().map(|word| (*word).to_owned()).collect(),
        ..Mount::default()
    }
}
