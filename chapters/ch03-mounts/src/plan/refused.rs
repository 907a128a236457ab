//! What is refused, by the kernel or by us, and why: one errno has many causes.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use anyhow::{Result, bail};
use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, StatxFlags, fstatfs, statx};
use workbench::diagnosis::{Cause, Diagnosis, Proof, explain};
use workbench::user::in_user_namespace;

use super::Mount;
use crate::attributes::{Attributes, names};
use crate::root::magic_link;

/// Why a new procfs, sysfs or other file system may be refused (fsmount(2),
/// user_namespaces(7)).
pub(crate) static FILESYSTEM: Diagnosis<()> = Diagnosis {
    chapter: 3,
    call: "fsmount",
    purpose: "make a new instance of a file system",
    causes: &[
        Cause {
            errno: Errno::EPERM,
            meaning: "Parts of `/proc` are hidden here, as in a container.",
            probe: |()| proc_is_covered(),
            look: "grep ' /proc/' /proc/self/mountinfo",
            hint: "parts of /proc are hidden here (is this a container?), and the kernel \
                   shows no fresh procfs to whoever sees only part of it; start the outer \
                   container with --security-opt systempaths=unconfined",
            proof: Proof::Test("a_hidden_part_of_proc_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "The namespace that it shows belongs to somebody else's user \
                      namespace.",
            probe: |()| in_user_namespace(),
            look: "cat /proc/self/uid_map",
            hint: "in a user namespace proc needs a pid namespace of its own, sysfs a \
                   network namespace, and most file systems are root's alone",
            proof: Proof::Test("a_sysfs_of_another_network_is_named"),
        },
        Cause {
            errno: Errno::ENODEV,
            meaning: "The kernel does not know this file system.",
            probe: |()| true,
            look: "cat /proc/filesystems",
            hint: "this kernel does not know the file system; see /proc/filesystems, or \
                   load its module: sudo modprobe NAME",
            proof: Proof::NotProvoked("a kernel without procfs, tmpfs or devpts"),
        },
        Cause {
            errno: Errno::ENOSYS,
            meaning: "The mount API is missing.",
            probe: |()| true,
            look: "uname -r; grep Seccomp: /proc/self/status",
            hint: "the mount API is missing: a kernel before 5.2, or a seccomp filter of \
                   an outer container, to be started with --security-opt seccomp=unconfined",
            proof: Proof::NotProvoked("a kernel before 5.2"),
        },
    ],
};

/// Why a bind may be refused (open_tree(2), mount_namespaces(7)).
pub(crate) static BIND: Diagnosis<Path> = Diagnosis {
    chapter: 3,
    call: "open_tree",
    purpose: "clone a mount, for a bind",
    causes: &[
        Cause {
            errno: Errno::ENOENT,
            meaning: "The source is not there.",
            probe: |source| !source.exists(),
            look: "ls -ld FILE",
            hint: "there is no FILE to bind; make it first: mkdir FILE",
            proof: Proof::Test("a_source_that_is_missing_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The source is in another mount namespace.",
            probe: is_elsewhere,
            look: "findmnt -T FILE",
            hint: "FILE leads into another mount namespace, whose mounts cannot be cloned \
                   from here; name the folder by a path of this one",
            proof: Proof::Test("a_source_in_another_namespace_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "Something is mounted below the source, which a bind without it \
                      would uncover: that is not for a user namespace to do.",
            probe: |_| in_user_namespace(),
            look: "findmnt -R FILE",
            hint: "something is mounted below FILE, and a user namespace may not uncover \
                   what it hides; use rbind",
            proof: Proof::Test("a_bind_that_would_uncover_is_named"),
        },
    ],
};

/// Why attributes may be refused (mount_setattr(2)).
pub(crate) static ATTRIBUTES: Diagnosis<()> = Diagnosis {
    chapter: 3,
    call: "mount_setattr",
    purpose: "change the flags of a mount",
    causes: &[Cause {
        errno: Errno::EPERM,
        meaning: "The flag is locked: a user namespace inherited it.",
        probe: |()| in_user_namespace(),
        look: "findmnt -o TARGET,OPTIONS -T FOLDER",
        hint: "a user namespace inherits its flags locked; leave out the word (rw, exec, \
               suid, dev, atime) that clears one",
        proof: Proof::Test("a_locked_flag_is_named"),
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
    explain(what, &FILESYSTEM, &(), errno)
}

pub(super) fn bind(source: &Path, errno: rustix::io::Errno) -> anyhow::Error {
    let errno = Errno::from_raw(errno.raw_os_error());
    let what = format!("clone the mount at {}", source.display());
    explain(what, &BIND, source, errno)
}

pub(super) fn attributes(errno: Errno, change: Attributes) -> anyhow::Error {
    let what = format!("set {}, clear {}", names(change.set), names(change.clear));
    explain(what, &ATTRIBUTES, &(), errno)
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

/// Whether the mount in which `source` lies is not in this process's table.
fn is_elsewhere(source: &Path) -> bool {
    let asked = statx(CWD, source, AtFlags::empty(), StatxFlags::MNT_ID);
    let table = crate::table::read().unwrap_or_default().0;
    asked.is_ok_and(|it| {
        table
            .iter()
            .all(|mount| u64::from(mount.id) != it.stx_mnt_id)
    })
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
