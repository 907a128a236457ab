//! `mounts`: what every container sees, and what was asked for.

use anyhow::Result;
use serde_json::{Value, json};

use crate::core::Container;
use crate::core::mounts::{Planned, Source};
use crate::effects::Roots;
use crate::effects::create::make_source;
use crate::effects::machine::Machine;

/// Docker's size of /dev/shm, in bytes.
const SHM_SIZE: i64 = 64 << 20;

/// All mounts, in the order in which they are made.
pub(super) fn mounts(
    container: &Container,
    roots: &Roots,
    machine: &Machine,
) -> Result<Vec<Value>> {
    let mut mounts = kernel(container, machine);
    for mount in &container.planned {
        let point = planned(mount, roots)?;
        // What is asked for at the place of a default one takes its place.
        mounts.retain(|other| other["destination"] != point["destination"]);
        mounts.push(point);
    }
    for name in ["resolv.conf", "hostname", "hosts"] {
        let target = format!("/etc/{name}");
        if mounts.iter().all(|other| other["destination"] != *target) {
            let source = roots.container(&container.id).join(name);
            let options = ["rbind", "rprivate"];
            mounts.push(json!({
                "destination": target, "type": "bind", "source": source, "options": options,
            }));
        }
    }
    Ok(mounts)
}

/// How mounts of the host travel in: not at all, unless a bind asks for it.
pub(super) fn root_propagation(container: &Container) -> &'static str {
    let asks = |words: &[&str]| {
        let mut options = container.planned.iter().flat_map(|mount| &mount.options);
        options.any(|option| words.contains(&option.as_str()))
    };
    if asks(&["shared", "rshared"]) {
        "rshared"
    } else if asks(&["slave", "rslave"]) {
        "rslave"
    } else {
        "rprivate"
    }
}

/// The file systems that are the kernel's own.
fn kernel(container: &Container, machine: &Machine) -> Vec<Value> {
    let host = &container.host;
    let writable = if host.privileged { "rw" } else { "ro" };
    let shm = match host.shm_size {
        0 => SHM_SIZE,
        size => size,
    };
    let size = format!("size={shm}");
    let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
    let bind = |path: &str, options: &[&str]| json!({ "destination": path, "type": "bind", "source": path, "options": options });
    let mut terminals = vec![
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
    ];
    if machine.has_tty_group {
        terminals.push("gid=5");
    }
    let tmpfs = ["nosuid", "strictatime", "mode=755", "size=65536k"];
    let plain = ["nosuid", "noexec", "nodev"];
    let mut list = vec![
        mount("/proc", "proc", &plain),
        mount("/dev", "tmpfs", &tmpfs),
        mount("/dev/pts", "devpts", &terminals),
    ];
    // A sysfs shows a network namespace, and is for its owner to mount.
    if host.network_mode == "host" && !machine.is_root {
        list.push(bind(
            "/sys",
            &["rbind", "nosuid", "noexec", "nodev", writable],
        ));
    } else {
        list.push(mount(
            "/sys",
            "sysfs",
            &["nosuid", "noexec", "nodev", writable],
        ));
        if machine.is_root || cgroups::layout() == cgroups::Layout::Unified {
            let options = ["nosuid", "noexec", "nodev", "relatime", writable];
            list.push(mount("/sys/fs/cgroup", "cgroup", &options));
        }
    }
    if host.ipc_mode == "host" {
        list.push(bind("/dev/mqueue", &["rbind", "nosuid", "noexec", "nodev"]));
        list.push(bind("/dev/shm", &["rbind", "nosuid", "noexec", "nodev"]));
    } else {
        list.push(mount("/dev/mqueue", "mqueue", &plain));
        if host.ipc_mode != "none" {
            let options = ["nosuid", "noexec", "nodev", "mode=1777", &size];
            list.push(mount("/dev/shm", "tmpfs", &options));
        }
    }
    list
}

fn planned(mount: &Planned, roots: &Roots) -> Result<Value> {
    let (kind, source) = match &mount.source {
        Source::Tmpfs => ("tmpfs", "tmpfs".into()),
        Source::Volume(name) => ("bind", roots.volumes().join(name).join("_data")),
        Source::Host { path, create } => {
            if *create {
                make_source(path)?;
            }
            ("bind", path.clone())
        }
    };
    Ok(json!({
        "destination": mount.target,
        "type": kind,
        "source": source,
        "options": mount.options,
    }))
}
