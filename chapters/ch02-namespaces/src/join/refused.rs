//! Why a namespace cannot be joined (setns(2)).

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use workbench::diagnosis::{Cause, Diagnosis, Proof, Scene, explain};

use super::is_ours;
use crate::set::Namespace;

/// What was to be joined.
#[derive(Debug)]
pub struct Wanted {
    kind: Namespace,
    file: OwnedFd,
}

/// Why the namespace `file` could not be joined.
pub(super) fn explained(
    kind: Namespace,
    file: BorrowedFd<'_>,
    errno: Errno,
) -> anyhow::Error {
    let what = format!("join the {} namespace", kind.file());
    match file.try_clone_to_owned() {
        Ok(file) => explain(what, &JOIN, &Wanted { kind, file }, errno),
        Err(_) => anyhow::Error::from(errno).context(what),
    }
}

impl Scene for Wanted {
    fn words(&self) -> Vec<(&'static str, String)> {
        vec![("KIND", self.kind.file().to_owned())]
    }
}

/// Why setns(2) says no.
pub static JOIN: Diagnosis<Wanted> = Diagnosis {
    chapter: 2,
    call: "setns",
    purpose: "enter a namespace that is there already",
    causes: &[
        Cause {
            errno: Errno::EINVAL,
            meaning: "The file is no namespace, or one of another kind.",
            probe: |wanted| !is_of_its_kind(wanted),
            look: "readlink /proc/PID/ns/KIND",
            hint: "what was opened is no KIND namespace; its file is /proc/PID/ns/KIND, or \
                   something that this was bound on",
            proof: Proof::Test("a_file_of_another_kind_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The process is in that user namespace already.",
            probe: |wanted| {
                wanted.kind == Namespace::User
                    && is_ours(wanted.kind, wanted.file.as_fd()).is_ok_and(|ours| ours)
            },
            look: "ls -l /proc/self/ns/user /proc/PID/ns/user",
            hint: "this process is in that user namespace already, and nobody gets its \
                   rights anew by joining; leave it out",
            proof: Proof::Test("the_user_namespace_that_one_is_in_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The process has threads: they would have rights of two kinds.",
            probe: |_| chroot::process::only_thread().is_err(),
            look: "ls /proc/PID/task",
            hint: "this process has several threads, and a user or time namespace is \
                   entered by all of a process or not at all; join before starting them",
            proof: Proof::Test("a_process_with_threads_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "It belongs to a user namespace where the process has no \
                      `CAP_SYS_ADMIN`.",
            probe: |_| true,
            look: "lsns --type user; grep CapEff /proc/self/status",
            hint: "the KIND namespace belongs to a user namespace where this process has \
                   no CAP_SYS_ADMIN; join that one first, or be its owner",
            proof: Proof::Test("a_namespace_of_somebody_else_is_named"),
        },
    ],
};

fn is_of_its_kind(wanted: &Wanted) -> bool {
    let link = format!("/proc/self/fd/{}", wanted.file.as_raw_fd());
    let Ok(target) = fs::read_link(link) else {
        // Not known to be wrong.
        return true;
    };
    let name = format!("{}:[", wanted.kind.file());
    // One that was bound on a file has that file's path.
    let target = target.to_string_lossy();
    target.starts_with(&name)
        || (target.starts_with('/') && is_namespace(wanted.file.as_fd()))
}

/// Whether the file lies in the file system of all namespaces (`NSFS_MAGIC`).
fn is_namespace(file: BorrowedFd<'_>) -> bool {
    let kind = nix::sys::statfs::fstatfs(file).map(|system| system.filesystem_type());
    kind.is_ok_and(|kind| kind == nix::sys::statfs::NSFS_MAGIC)
}
