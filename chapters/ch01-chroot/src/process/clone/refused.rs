//! Why no process can be made (clone(2), cgroups(7)).

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use workbench::diagnosis::{Cause, Diagnosis, Proof, Scene};
use workbench::user::is_filtered;

/// The `CLONE_NEW…` flags that clone3(2) was asked for.
#[derive(Debug)]
pub struct Asked(pub(super) i32);

impl Scene for Asked {
    fn words(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Why clone3(2) says no to these flags, its user namespace apart (that has a list of its
/// own).
pub static CLONE3: Diagnosis<Asked> = Diagnosis {
    chapter: 1,
    call: "clone3",
    purpose: "make a process, and namespaces with it",
    causes: &[
        Cause {
            errno: Errno::ENOSYS,
            meaning: "A seccomp filter hides the call, as docker's usual one does from \
                      who has no `CAP_SYS_ADMIN`.",
            probe: |_| is_filtered(),
            look: "grep Seccomp: /proc/self/status",
            hint: "a seccomp filter hides clone3 (is this a container?); start the outer \
                   container with --security-opt seccomp=unconfined",
            proof: Proof::Test("a_filter_that_hides_clone3_is_named"),
        },
        Cause {
            errno: Errno::ENOSYS,
            meaning: "The kernel is too old.",
            probe: |_| true,
            look: "uname -r",
            hint: "this kernel has no clone3; it came with Linux 5.3, and what cgroups \
                   need of it with 5.7",
            proof: Proof::NotProvoked("a kernel before 5.3"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "Namespaces, but the user one, are for who has `CAP_SYS_ADMIN`.",
            probe: |Asked(flags)| {
                flags & libc::CLONE_NEWUSER == 0 && *flags != 0 && !may()
            },
            look: "grep CapEff /proc/self/status",
            hint: "new namespaces need CAP_SYS_ADMIN, which this root was not given (is \
                   this a container?); start the outer container with --privileged",
            proof: Proof::Test("a_root_without_its_capability_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "A seccomp filter says so, not the kernel.",
            probe: |_| is_filtered(),
            look: "grep Seccomp: /proc/self/status",
            hint: "a seccomp filter forbids clone3 (is this a container?); start the \
                   outer container with --security-opt seccomp=unconfined",
            proof: Proof::Test("a_filter_that_forbids_clone3_is_named"),
        },
        Cause {
            errno: Errno::EAGAIN,
            meaning: "The control group has as many processes as it may.",
            probe: |_| is_group_full(),
            look: "cat /proc/self/cgroup /sys/fs/cgroup/pids/GROUP/pids.max",
            hint: "the control group of this process, or one above it, has as many \
                   processes as its pids.max allows; end some, or write a larger number",
            proof: Proof::Test("a_group_without_room_for_a_process_is_named"),
        },
        Cause {
            errno: Errno::EAGAIN,
            meaning: "The user has as many processes as `RLIMIT_NPROC` allows.",
            probe: |_| is_counted(),
            look: "ulimit -u",
            hint: "you have as many processes as your limit allows (ulimit -u); end some, \
                   or raise it",
            proof: Proof::Test("a_limit_of_processes_is_named"),
        },
    ],
};

/// Whether this process has `CAP_SYS_ADMIN` in its user namespace (proc_pid_status(5)).
fn may() -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let held = status.lines().find_map(|it| it.strip_prefix("CapEff:"));
    let held = held.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    held.is_some_and(|held| held & CAP_SYS_ADMIN != 0)
}

fn is_counted() -> bool {
    getrlimit(Resource::RLIMIT_NPROC).is_ok_and(|(soft, _)| soft != RLIM_INFINITY)
}

fn is_group_full() -> bool {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    folders(&groups).iter().any(|folder| {
        let number = |file: &str| -> Option<u64> {
            fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
        };
        matches!((number("pids.current"), number("pids.max")), (Some(now), Some(most)) if now >= most)
    })
}

/// Where the groups that count this process may be, by the text of /proc/self/cgroup.
fn folders(groups: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let tops: &[&str] = match controllers {
            "" => &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"],
            "pids" => &["/sys/fs/cgroup/pids"],
            _ => continue,
        };
        for top in tops {
            let here = Path::new(top).join(path.trim_start_matches('/'));
            let up = here.ancestors().take_while(|it| it.starts_with(top));
            found.extend(up.map(Path::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_counted_in_its_group_and_those_above() {
        let found = folders("5:pids:/a/b\n4:memory:/a\n");
        let shown: Vec<_> = found
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let top = "/sys/fs/cgroup/pids";
        assert_eq!(
            shown,
            [format!("{top}/a/b"), format!("{top}/a"), top.to_owned()]
        );
        let second = folders("0::/\n");
        assert_eq!(second[0], Path::new("/sys/fs/cgroup"));
    }
}
