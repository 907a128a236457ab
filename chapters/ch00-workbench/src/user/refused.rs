//! Why a user namespace may be refused (user_namespaces(7), clone(2)).

use std::fs;

use nix::errno::Errno;
use nix::unistd::{getegid, geteuid};

use crate::diagnosis::{Cause, Diagnosis, Listed, Proof};

/// Why `unshare(CLONE_NEWUSER)`, or the mapping of ids after it, may be refused.
// ANCHOR: USER_NAMESPACE
pub static USER_NAMESPACE: Diagnosis<()> = Diagnosis {
    chapter: 0,
    call: "unshare",
    purpose: "make a user namespace and map its ids",
    causes: &[
        Cause {
            errno: Errno::EPERM,
            meaning: "Debian's switch is off.",
            probe: |()| {
                sysctl("kernel/unprivileged_userns_clone").as_deref() == Some("0")
            },
            look: "sysctl kernel.unprivileged_userns_clone",
            hint: "kernel.unprivileged_userns_clone is 0; \
                   sudo sysctl kernel.unprivileged_userns_clone=1",
            proof: Proof::NotProvoked("a kernel of Debian's that has this switch"),
        },
        APPARMOR,
        Cause {
            errno: Errno::EACCES,
            ..APPARMOR
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "The process is in a chroot.",
            probe: |()| in_a_chroot(),
            look: "awk '$5 == \"/\"' /proc/self/mountinfo",
            hint: "this process is in a chroot (its / is not the top of a mount), where \
                   the kernel refuses user namespaces; run it outside",
            proof: Proof::Test("a_chroot_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "The caller's own id is unknown here.",
            probe: |()| is_nobody_here(),
            look: "cat /proc/self/uid_map /proc/self/gid_map",
            hint: "this user namespace gives your own uid or gid no number, and who is \
                   nobody cannot map ids; give it a map: unshare --user --map-root-user",
            proof: Proof::Test("an_id_without_a_map_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "A seccomp filter says so, not the kernel.",
            probe: |()| is_filtered(),
            look: "grep Seccomp: /proc/self/status",
            hint: "a seccomp filter forbids user namespaces; if this is a container, \
                   start it with --security-opt seccomp=unconfined",
            proof: Proof::Test("a_seccomp_filter_is_named"),
        },
        Cause {
            errno: Errno::ENOSPC,
            meaning: "None are allowed.",
            probe: |()| sysctl("user/max_user_namespaces").as_deref() == Some("0"),
            look: "sysctl user.max_user_namespaces",
            hint: "user.max_user_namespaces is 0; \
                   sudo sysctl user.max_user_namespaces=10000",
            proof: Proof::Test("a_limit_of_zero_is_named"),
        },
        Cause {
            errno: Errno::ENOSPC,
            meaning: "There are as many as are allowed, or 32 one inside the other.",
            probe: |()| true,
            look: "lsns --type user",
            hint: "there are 32 user namespaces one inside the other, or as many as \
                   user.max_user_namespaces allows; end some: lsns --type user",
            proof: Proof::Test("too_deep_a_nest_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The kernel was built without them.",
            probe: |()| fs::metadata("/proc/self/ns/user").is_err(),
            look: "ls /proc/self/ns/user",
            hint: "this kernel has no user namespaces (CONFIG_USER_NS); type it again \
                   with sudo, or boot another kernel",
            proof: Proof::NotProvoked("a kernel without CONFIG_USER_NS"),
        },
    ],
};
// ANCHOR_END: USER_NAMESPACE

const APPARMOR: Cause<()> = Cause {
    errno: Errno::EPERM,
    meaning: "AppArmor gives them to programs with a profile only (Ubuntu since 23.10).",
    probe: |()| sysctl(APPARMOR_SWITCH).as_deref() == Some("1"),
    look: "sysctl kernel.apparmor_restrict_unprivileged_userns",
    hint: "AppArmor restricts user namespaces; \
           sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    proof: Proof::NotProvoked("a kernel with AppArmor"),
};

const APPARMOR_SWITCH: &str = "kernel/apparmor_restrict_unprivileged_userns";

/// This chapter's lists, for the book.
pub static DIAGNOSES: &[&dyn Listed] = &[&USER_NAMESPACE];

fn sysctl(name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
    Some(text.trim().to_owned())
}

/// Whether `/` is not the top of any mount of this namespace: chroot(2) was here.
#[must_use]
pub fn in_a_chroot() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo");
    mounts.is_ok_and(|mounts| !has_root(&mounts))
}

fn has_root(mountinfo: &str) -> bool {
    let target = |line: &str| line.split(' ').nth(4) == Some("/");
    mountinfo.lines().any(target)
}

/// Whether this process is in another user namespace than the first: that one maps
/// every id onto itself.
#[must_use]
pub fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map");
    map.is_ok_and(|map| !map.split_whitespace().eq(["0", "0", "4294967295"]))
}

fn is_nobody_here() -> bool {
    let ids = [
        ("uid_map", geteuid().as_raw()),
        ("gid_map", getegid().as_raw()),
    ];
    ids.iter().any(|(file, id)| {
        let map = fs::read_to_string(format!("/proc/self/{file}"));
        map.is_ok_and(|map| !maps(&map, *id))
    })
}

/// Whether an id map has a line for the id `id` (of the inside).
fn maps(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().flat_map(str::parse::<u64>);
        match (numbers.next(), numbers.nth(1)) {
            (Some(first), Some(count)) => (first..first + count).contains(&id.into()),
            _ => false,
        }
    })
}

/// Whether a seccomp filter stands before this process's calls (proc_pid_status(5)).
#[must_use]
pub fn is_filtered() -> bool {
    let status = fs::read_to_string("/proc/self/status");
    status.is_ok_and(|status| status.lines().any(|line| line == "Seccomp:\t2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chroot_has_mounts_but_none_at_its_root() {
        assert!(has_root("22 1 254:0 / / rw - ext4 /dev/vda rw\n"));
        assert!(!has_root("30 22 0:5 / /proc rw - proc proc rw\n"));
    }

    #[test]
    fn an_id_is_mapped_or_not() {
        let map = "         0       1000          1\n         1     100000      65536\n";
        for (id, mapped) in [(0, true), (1, true), (65536, true), (65537, false)] {
            assert_eq!(maps(map, id), mapped, "{id}");
        }
        assert!(!maps("", 65534));
    }

    /// AppArmor and Debian's switch are not provoked: here is what they would be seen by.
    #[test]
    fn a_switch_that_is_not_there_is_not_off() {
        assert_eq!(sysctl("kernel/no_such_switch"), None);
        assert_eq!(sysctl("kernel/ostype").as_deref(), Some("Linux"));
    }
}
