//! What is refused, by the kernel or by us, and why: one errno has many causes.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use anyhow::{Result, bail};
use nix::errno::Errno;
use rustix::fs::fstatfs;
use workbench::diagnosis::{Cause, Diagnosis, explain};

use super::Mount;
use crate::attributes::{Attributes, names};
use crate::root::magic_link;

/// Why a new procfs, sysfs or other file system may be refused.
static FILESYSTEM: Diagnosis = Diagnosis {
    call: "fsmount",
    causes: &[
        Cause {
            errno: Errno::EPERM,
            probe: proc_is_covered,
            hint: "parts of /proc are hidden here (is this a container?), and the kernel \
                   shows no fresh procfs to whoever sees only part of it; start the outer \
                   container with --security-opt systempaths=unconfined",
        },
        Cause {
            errno: Errno::EPERM,
            probe: in_user_namespace,
            hint: "in a user namespace proc needs a pid namespace of its own, sysfs a \
                   network namespace, and most file systems are root's alone",
        },
        Cause {
            errno: Errno::ENODEV,
            probe: || true,
            hint: "this kernel does not know the file system; see /proc/filesystems",
        },
        Cause {
            errno: Errno::ENOSYS,
            probe: || true,
            hint: "the mount API is missing: a kernel before 5.2, or a seccomp filter",
        },
    ],
};

/// Why a bind may be refused.
static BIND: Diagnosis = Diagnosis {
    call: "open_tree",
    causes: &[
        Cause {
            errno: Errno::EINVAL,
            probe: in_user_namespace,
            hint: "something is mounted below the source, and a user namespace may not \
                   uncover what it hides; use rbind",
        },
        Cause {
            errno: Errno::EINVAL,
            probe: || true,
            hint: "the source is in another mount namespace, or unbindable",
        },
    ],
};

/// Why attributes may be refused.
static ATTRIBUTES: Diagnosis = Diagnosis {
    call: "mount_setattr",
    causes: &[Cause {
        errno: Errno::EPERM,
        probe: in_user_namespace,
        hint: "a user namespace inherits its flags locked; leave out the word (rw, exec, \
               suid, dev, atime) that clears one",
    }],
};

/// Tells why a file system was refused, with the log that fsopen(2)'s descriptor keeps.
pub(super) fn filesystem(
    kind: &str,
    errno: rustix::io::Errno,
    context: Option<BorrowedFd<'_>>,
) -> anyhow::Error {
    let errno = Errno::from_raw(errno.raw_os_error());
    let log = context.map(log).unwrap_or_default();
    let what = if log.is_empty() {
        format!("make a new {kind}")
    } else {
        log
    };
    explain(&what, &FILESYSTEM, errno)
}

pub(super) fn bind(source: &Path, errno: rustix::io::Errno) -> anyhow::Error {
    let errno = Errno::from_raw(errno.raw_os_error());
    explain(
        &format!("clone the mount at {}", source.display()),
        &BIND,
        errno,
    )
}

pub(super) fn attributes(errno: Errno, change: Attributes) -> anyhow::Error {
    let what = format!("set {}, clear {}", names(change.set), names(change.clear));
    explain(&what, &ATTRIBUTES, errno)
}

/// The messages of a file system context: lines that begin with `e `, `w ` or `i `.
fn log(context: BorrowedFd<'_>) -> String {
    let mut lines = Vec::new();
    let mut message = [0; 1024];
    while let Ok(length @ 1..) = nix::unistd::read(context, &mut message) {
        let text = String::from_utf8_lossy(&message[..length]);
        lines.push(text.trim_end().trim_start_matches("e ").to_owned());
    }
    lines.join("; ")
}

/// Files of procfs that an engine may replace: they say how large the machine is.
const REPLACEABLE: [&str; 10] = [
    "cpuinfo",
    "diskstats",
    "loadavg",
    "meminfo",
    "slabinfo",
    "stat",
    "swaps",
    "uptime",
    "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
];

/// Refuses a mount inside procfs, wherever links led to it (CVE-2019-16884 and those
/// after it): what is written to procfs later would go to the mount instead.
pub(super) fn below_proc(target: BorrowedFd<'_>, asked: &Mount) -> Result<()> {
    if fstatfs(target.as_fd())?.f_type as i64 != crate::proc::MAGIC
        || asked.kind() == "proc"
    {
        return Ok(());
    }
    // The descriptor knows the way: the folder it lies in is the mount's own name.
    let way = fs::read_link(magic_link(target))?;
    let replaceable = REPLACEABLE
        .iter()
        .any(|name| way.ends_with(Path::new("proc").join(name)));
    if replaceable {
        return Ok(());
    }
    bail!(
        "{} lies inside procfs, where nothing may be mounted",
        asked.on().display()
    )
}

fn in_user_namespace() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| !map.split_whitespace().eq(["0", "0", "4294967295"]))
}

fn proc_is_covered() -> bool {
    crate::table::read().is_ok_and(|table| {
        let below = Path::new("/proc/");
        table.0.iter().any(|entry| {
            entry.target.starts_with(below)
                && entry.target != Path::new("/proc")
                && entry.fstype != "binfmt_misc"
                && entry.fstype != "autofs"
        })
    })
}
