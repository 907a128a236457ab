//! clone3(2): the call that makes a process, and with it the namespaces it lives in.

mod refused;

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use nix::errno::Errno;
use nix::unistd::Pid;
use workbench::diagnosis::diagnosed;
use workbench::steps::{self, Step};
use workbench::user::USER_NAMESPACE;

use super::{Child, Forked, only_thread};
pub use refused::{Asked, CLONE3};

/// What clone3 is asked for, beyond a copy of the caller.
// ANCHOR: How
#[derive(Debug, Default)]
pub struct How<'a> {
    /// `CLONE_NEW…` flags: the namespaces that are made with the process.
    pub namespaces: i32,
    /// The folder of a cgroup (version 2) to be born in; there is then no moment in
    /// which the process runs outside of it.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// Make a sibling, not a child: the caller's parent becomes its parent.
    pub sibling: bool,
}
// ANCHOR_END: How

/// `struct clone_args` of `<linux/sched.h>`, up to `cgroup` (size 88).
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Makes a process that is a copy of this one, and returns in both.
///
/// # Errors
/// When this process has a second thread; what clone3(2) answers.
// ANCHOR: fork
pub fn fork(how: &How<'_>) -> Result<Forked> {
    only_thread()?;
    let call = format!("clone3({})", describe(how));
    let at = steps::boot_clock();
    let forked = clone3(how);
    // Of the two that come back from the call, the parent tells of it.
    if !matches!(forked, Ok(Forked::Child)) {
        let why = "a copy of this process, in the namespaces that the flags ask for";
        let error = forked.as_ref().err().map(ToString::to_string);
        steps::announce(&Step {
            error,
            ..Step::since(at, 1, &call, why)
        });
    }
    forked.map_err(|errno| refused(how, &call, errno))
}
// ANCHOR_END: fork

/// Set in a process that [`fork`] made: it has one thread, since it began with one and
/// nothing here starts another.
static MADE_HERE: AtomicBool = AtomicBool::new(false);

/// Makes a copy of this process by the oldest of the calls, for one that is confined
/// already: a system call filter lets it pass where it knows no clone3(2). Returns the
/// new one's pid, and in the new one `None`.
///
/// # Errors
/// When this process has a second thread; what fork(2) answers.
pub fn fork_again() -> Result<Option<Pid>> {
    // There threads need not be counted, nor could they be where no /proc is mounted.
    if !MADE_HERE.load(Ordering::Relaxed) {
        only_thread()?;
    }
    // SAFETY: as for clone3 above: the process has one thread, so no lock of another is
    // copied in its locked state, and the copy goes on with a stack of its own.
    let pid = Errno::result(unsafe { libc::fork() })?;
    Ok((pid > 0).then_some(Pid::from_raw(pid)))
}

/// Sends a child that is not reaped yet a signal, by its number (kill(2)).
///
/// # Errors
/// EINVAL for a number that is no signal.
pub fn signal(child: Pid, signal: i32) -> Result<(), Errno> {
    // SAFETY: kill(2) takes two integers.
    Errno::result(unsafe { libc::kill(child.as_raw(), signal) }).map(drop)
}

/// Closes every descriptor but the standard three, for a process that will never
/// return to their owners (close_range(2)).
pub(super) fn close_all() {
    // SAFETY: the caller leaves by `_exit` after work that opens its own descriptors:
    // no owner of a closed one runs again, not even to be dropped.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
}

/// The error of a refused `call`, with a hint from the list that it belongs to.
fn refused(how: &How<'_>, call: &str, errno: Errno) -> anyhow::Error {
    let error = anyhow::Error::from(errno);
    no_namespaces(
        error.context(format!("start a process with {call}")),
        how.namespaces,
    )
}

/// The error of one to whom the kernel refused namespaces, as these `CLONE_NEW…` flags or
/// a part of them, with a hint from the list that it belongs to.
#[must_use]
pub fn no_namespaces(error: anyhow::Error, flags: i32) -> anyhow::Error {
    let error = match flags & libc::CLONE_NEWUSER {
        0 => error,
        _ => diagnosed(error, &USER_NAMESPACE, &()),
    };
    diagnosed(error, &CLONE3, &Asked(flags))
}

// ANCHOR: clone3
fn clone3(how: &How<'_>) -> Result<Forked, Errno> {
    let mut pidfd: RawFd = -1;
    let mut args = CloneArgs {
        pidfd: (&raw mut pidfd) as u64,
        ..CloneArgs::asking_for(how)
    };
    // SAFETY: clone3(2) without CLONE_VM copies the address space, so the child may go
    // on with this stack, and since only_thread() held, no lock of another thread is
    // copied in its locked state. `args` is the kernel's struct, of the size given.
    let answer =
        unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<CloneArgs>()) };
    match answer {
        0 => {
            MADE_HERE.store(true, Ordering::Relaxed);
            Ok(Forked::Child)
        }
        -1 => Err(Errno::last()),
        pid => {
            // SAFETY: with CLONE_PIDFD the kernel has stored a new descriptor there,
            // close-on-exec, which nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            let pid = i32::try_from(pid).map_err(|_| Errno::EOVERFLOW)?;
            Ok(Forked::Parent(Child {
                pid: Pid::from_raw(pid),
                pidfd,
            }))
        }
    }
}
// ANCHOR_END: clone3

impl CloneArgs {
    /// `how`, in the kernel's words.
    fn asking_for(how: &How<'_>) -> Self {
        let mut args = Self {
            flags: libc::CLONE_PIDFD as u64 | u64::from(how.namespaces.cast_unsigned()),
            exit_signal: libc::SIGCHLD as u64,
            ..Self::default()
        };
        if how.sibling {
            // A sibling dies to its parent's ears with the caller's own exit signal.
            args.flags |= libc::CLONE_PARENT as u64;
            args.exit_signal = 0;
        }
        if let Some(cgroup) = how.cgroup {
            args.flags |= CLONE_INTO_CGROUP;
            args.cgroup = cgroup.as_raw_fd() as u64;
        }
        args
    }
}

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// pidfd_open(2): a descriptor that means this process for ever.
pub(super) fn pidfd_open(pid: Pid) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes two integers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = i32::try_from(Errno::result(fd)?).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: the kernel has just made this descriptor (close-on-exec by itself).
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// pidfd_send_signal(2): a signal that cannot reach another process by mistake.
pub(super) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null info is allowed: the kernel then fills it as kill(2) would.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            no_info,
            0,
        )
    };
    Errno::result(answer).map(drop)
}

/// Leaves this process at once, without the ceremonies of the parent it is a copy of.
pub(super) fn leave(code: i32) -> ! {
    // SAFETY: _exit(2) takes any int, returns never, and runs no handler.
    unsafe { libc::_exit(code) }
}

/// The flags as `strace` would print them.
fn describe(how: &How<'_>) -> String {
    const NAMES: [(i32, &str); 8] = [
        (libc::CLONE_NEWUSER, "CLONE_NEWUSER"),
        (libc::CLONE_NEWNS, "CLONE_NEWNS"),
        (libc::CLONE_NEWPID, "CLONE_NEWPID"),
        (libc::CLONE_NEWNET, "CLONE_NEWNET"),
        (libc::CLONE_NEWUTS, "CLONE_NEWUTS"),
        (libc::CLONE_NEWIPC, "CLONE_NEWIPC"),
        (libc::CLONE_NEWCGROUP, "CLONE_NEWCGROUP"),
        (libc::CLONE_PARENT, "CLONE_PARENT"),
    ];
    let parent = if how.sibling { libc::CLONE_PARENT } else { 0 };
    let mut flags = vec!["CLONE_PIDFD"];
    for (flag, name) in NAMES {
        if (how.namespaces | parent) & flag != 0 {
            flags.push(name);
        }
    }
    if how.cgroup.is_some() {
        flags.push("CLONE_INTO_CGROUP");
    }
    format!("{{flags={}}}", flags.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_named_as_the_kernel_names_them() {
        let how = How {
            namespaces: libc::CLONE_NEWPID,
            sibling: true,
            ..How::default()
        };
        assert_eq!(
            describe(&how),
            "{flags=CLONE_PIDFD|CLONE_NEWPID|CLONE_PARENT}"
        );
    }

    #[test]
    fn a_process_with_threads_is_not_forked() {
        // libtest runs each test on a second thread.
        let refused = fork(&How::default()).unwrap_err();
        assert!(format!("{refused:#}").contains("threads"), "{refused:#}");
    }

    #[test]
    fn the_arguments_have_the_size_that_the_kernel_knows() {
        assert_eq!(size_of::<CloneArgs>(), 88);
    }
}
