//! The family of a trial: all that it has started, found, counted and ended.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// All processes below `of`, whether they run or only wait to be reaped.
pub(crate) fn descendants(of: Pid) -> Vec<Pid> {
    let mut family = children(of);
    let mut next = 0;
    while let Some(pid) = family.get(next).copied() {
        family.extend(children(pid));
        next += 1;
    }
    family
}

/// How many processes of the trial are still running: those that have ended and were
/// only left to be reaped do not count.
pub(super) fn left_running() -> usize {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
    children(Pid::this()).len()
}

/// Ends what the trial has left: its process group, then whoever has become our child,
/// and their children, again and again until there is nobody.
///
/// All are stopped before any is killed: what forks as fast as it is killed would win.
pub(super) fn sweep(group: Pid) {
    let _ = nix::sys::signal::killpg(group, Signal::SIGKILL);
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let mut left = BTreeSet::new();
        while stop_more(&mut left) {}
        for pid in &left {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        if !reap() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Stops all below this process that are not in `stopped` yet; whether there were any.
fn stop_more(stopped: &mut BTreeSet<Pid>) -> bool {
    let before = stopped.len();
    for pid in descendants(Pid::this()) {
        if stopped.insert(pid) {
            let _ = kill(pid, Signal::SIGSTOP);
        }
    }
    stopped.len() > before
}

/// Reaps all children that have ended; whether any child is left.
fn reap() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(_) => return false,
            Ok(WaitStatus::StillAlive) => return true,
            Ok(_) => {}
        }
    }
}

/// The children of a process, of all its threads (proc(5)).
fn children(of: Pid) -> Vec<Pid> {
    let mut pids = Vec::new();
    for task in fs::read_dir(format!("/proc/{of}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        pids.extend(
            list.split_whitespace()
                .filter_map(|pid| pid.parse::<i32>().ok()),
        );
    }
    pids.into_iter().map(Pid::from_raw).collect()
}
