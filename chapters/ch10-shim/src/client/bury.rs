//! What to do when a shim was killed: end its container, and say how it ended.

use std::fs;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cgroups::Cgroup;
use chroot::process::Child;
use jiff::Timestamp;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use super::{Error, Shim};
use crate::config::{Config, Folder};
use crate::orders;
use crate::protocol::{Exit, Refusal};
use crate::write_exit;

/// Clears away what a dead shim left behind, writes its exit file, and returns what is
/// in it. If the shim had come to its end, its own exit file tells.
///
/// A container without a shim has nobody who reads its output or would learn of its
/// end: it is killed. To be called for every shim's folder that nobody answers in.
///
/// # Errors
/// [`Error::Refused`] when the shim lives; when the exit file cannot be written.
// ANCHOR: bury
pub fn bury(folder: &Folder, config: &Config) -> Result<Exit, Error> {
    let shim = Shim::new(folder.clone());
    if lives_on(&shim) {
        return Err(Error::Refused(Refusal::state("the shim is alive")));
    }
    let mut problems = Vec::new();
    let mut note = |what: &str, result: Result<()>| {
        if let Err(error) = result {
            problems.push(format!("{what}: {error:#}"));
        }
    };
    note("kill the first process", kill_first(&shim));
    note("kill the others", kill_others(config));
    // The state may be gone, or was never written, which others than ours call an error.
    let deleted = delete(config);
    if config.runtime.is_none() || config.runtime_root.join(&config.id).exists() {
        note("delete the container", deleted);
    }
    for path in [folder.socket(), folder.pid()] {
        let _ = fs::remove_file(path);
    }
    if let Ok(text) = fs::read(&config.exit_file)
        && let Ok(exit) = serde_json::from_slice(&text)
    {
        return Ok(exit);
    }
    problems.push("the container's shim was killed".to_owned());
    let exit = Exit {
        code: 128 + libc::SIGKILL,
        signal: Some(libc::SIGKILL),
        finished_at: Timestamp::now(),
        oom_killed: false,
        problems,
    };
    write_exit(&config.exit_file, &exit)?;
    Ok(exit)
}
// ANCHOR_END: bury

/// Whether the shim is alive, and not about to be gone: a process that is killed closes
/// its connections, by which others learn of it, a moment before its end.
fn lives_on(shim: &Shim) -> bool {
    let Some(process) = shim
        .family()
        .and_then(|who| Child::adopt(Pid::from_raw(who.shim_pid)).ok())
    else {
        return false;
    };
    let mut ended = [PollFd::new(process.pidfd.as_fd(), PollFlags::POLLIN)];
    shim.is_alive() && poll(&mut ended, PollTimeout::from(500_u16)) == Ok(0)
}

/// Kills the first process, if its pid still means the process that it meant.
fn kill_first(shim: &Shim) -> Result<()> {
    let Some(who) = shim.family() else {
        return Ok(());
    };
    let pid = Pid::from_raw(who.pid);
    let Ok(process) = Child::adopt(pid) else {
        return Ok(());
    };
    if runtime::state::start_time(pid)? == Some(who.start_time) {
        process.send(libc::SIGKILL)?;
    }
    Ok(())
}

fn kill_others(config: &Config) -> Result<()> {
    let cgroup = config.cgroup.as_deref();
    cgroup.map_or(Ok(()), |path| Cgroup::open(path)?.delete())
}

fn delete(config: &Config) -> Result<()> {
    let Some(other) = &config.runtime else {
        return orders::delete(config);
    };
    let status = Command::new(other)
        .arg("--root")
        .arg(&config.runtime_root)
        .args(["delete", "--force", &config.id])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("run {}", other.display()))?;
    anyhow::ensure!(status.success(), "{} delete: {status}", other.display());
    Ok(())
}
