//! Running an attempt within limits: a reader's program may loop, fork, fill the screen
//! or delete its folder, and nothing of that may outlive the trial.
//!
//! It runs in a folder and a session of its own. This process makes itself the reaper of
//! all that it leaves behind (prctl(2), `PR_SET_CHILD_SUBREAPER`), so that what it forked
//! can be found among our children, and ended, however often it forked.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What a trial may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How many bytes it may print.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            output: 64 * 1024,
        }
    }
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended by itself, with this code, having printed this.
    Ended(i32, String),
    /// A signal killed it.
    Killed(String, String),
    /// It was still running when its time was up.
    TooLong(Duration),
    /// It printed more than it may.
    TooLoud(u64),
}

/// Runs `program` with `args` in `folder`, and ends all that it leaves behind.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    program: &Path,
    args: &[&str],
    folder: &Path,
    limits: Limits,
) -> Result<Outcome> {
    nix::sys::prctl::set_child_subreaper(true)
        .context("become the reaper of the trial")?;
    let (mut reader, writer) = std::io::pipe().context("make a pipe for its output")?;
    let errors = writer.try_clone().context("make a pipe for its output")?;
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        // What it leaves among the temporary files goes with its folder.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors);
    command.process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("run {}", program.display()))?;
    // The command holds the write end too: end of file must mean that all are gone.
    drop(command);
    let loud = limits.output;
    let listener = std::thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = (&mut reader).take(loud + 1).read_to_end(&mut heard);
        // What comes after that is not kept; the pipe's end stops the talker.
        heard
    });
    let ended = wait(&mut child, limits, &listener)?;
    sweep(Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)));
    let heard = listener.join().unwrap_or_default();
    let text = String::from_utf8_lossy(&heard).into_owned();
    Ok(match ended {
        _ if heard.len() as u64 > loud => Outcome::TooLoud(loud),
        None => Outcome::TooLong(limits.time),
        Some(status) => match status.code() {
            Some(code) => Outcome::Ended(code, text),
            None => Outcome::Killed(status.to_string(), text),
        },
    })
}

/// Waits until the child has ended, its time is up (`None`), or it was too loud.
fn wait(
    child: &mut Child,
    limits: Limits,
    listener: &std::thread::JoinHandle<Vec<u8>>,
) -> Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("wait for the trial")? {
            return Ok(Some(status));
        }
        if begun.elapsed() > limits.time || listener.is_finished() {
            let _ = child.kill();
            let status = child.wait().context("wait for the trial")?;
            return Ok(listener.is_finished().then_some(status));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends what the trial has left: its process group, then whoever has become our child,
/// again and again until there is nobody.
fn sweep(group: Pid) {
    let _ = nix::sys::signal::killpg(group, Signal::SIGKILL);
    for _ in 0..1000 {
        for pid in children() {
            let _ = kill(pid, Signal::SIGKILL);
        }
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(_) => return,
            Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_millis(2)),
            Ok(_) => {}
        }
    }
}

/// This process's children, of all its threads (proc(5)).
fn children() -> Vec<Pid> {
    let mut pids = Vec::new();
    for task in fs::read_dir("/proc/self/task")
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
