//! One hook: a program with the container's state on its input, held to its time.
//!
//! It is the caller's program, or in the container the image's, and may do anything: not
//! read, not end, talk without end, leave others behind that hold its streams. So its
//! input is a file that is there in full, its output is heard only so far, and when its
//! time is up the whole of its process group is killed.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use oci_spec::runtime::Hook;

/// So much of what a hook says is told on (bytes).
const WORDS: usize = 4096;

/// Runs a hook to its end.
///
/// # Errors
/// When it cannot be started, fails, or takes longer than its time.
pub(super) fn run(hook: &Hook, state: &serde_json::Value) -> Result<()> {
    let mut command = Command::new(hook.path());
    let args = hook.args().as_deref().unwrap_or_default();
    if let Some((name, rest)) = args.split_first() {
        command.arg0(name).args(rest);
    }
    command
        .env_clear()
        .process_group(0)
        .stdin(input(state).context("write its state down")?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    for entry in hook.env().iter().flatten() {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        command.env(name, value);
    }
    let mut child = command.spawn().context("start it")?;
    let heard = listen(&mut child, hook.timeout());
    if heard.is_err() {
        let _ = killpg(pid(&child)?, Signal::SIGKILL);
    }
    let status = child.wait().context("wait for it")?;
    let words = heard?;
    let words = words.trim();
    let between = if words.is_empty() { "" } else { ": " };
    ensure!(status.success(), "{status}{between}{words}");
    Ok(())
}

fn pid(child: &Child) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(child.id())?))
}

/// The state as a file: a pipe might be full before the hook reads, if it ever does.
fn input(state: &serde_json::Value) -> Result<File> {
    let mut file = File::from(memfd_create(c"state", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(state.to_string().as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Hears what a hook says until it ends; others may hold its standard error for longer.
fn listen(child: &mut Child, seconds: Option<i64>) -> Result<String> {
    let held = chroot::process::Child::adopt(pid(child)?)?;
    let mut stderr = child.stderr.take().context("it has no standard error")?;
    let limit = seconds.map(|seconds| Duration::from_secs(seconds.max(0).unsigned_abs()));
    let began = Instant::now();
    let mut said = Vec::new();
    let mut open = true;
    loop {
        let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            bail!("it took longer than {} seconds", seconds.unwrap_or(0));
        }
        let wait = left.map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        let mut watched = vec![PollFd::new(held.pidfd.as_fd(), PollFlags::POLLIN)];
        if open {
            watched.push(PollFd::new(stderr.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut watched, wait) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("wait for the hook"),
        }
        let ready: Vec<bool> = watched.iter().map(|fd| fd.any() == Some(true)).collect();
        let enough = said.len() >= WORDS;
        if ready.get(1) == Some(&true) && !(ready[0] && enough) {
            let mut part = [0; WORDS];
            let length = stderr.read(&mut part).context("hear what it says")?;
            open = length > 0;
            let room = WORDS.saturating_sub(said.len());
            said.extend_from_slice(&part[..length.min(room)]);
        } else if ready[0] {
            return Ok(String::from_utf8_lossy(&said).into_owned());
        }
    }
}
