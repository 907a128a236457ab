//! Running an attempt within limits: a reader's program may loop, fork, fill the screen
//! or delete its folder, and nothing of that may outlive the trial.
//!
//! It runs in a folder and a session of its own. This process makes itself the reaper of
//! all that it leaves behind (prctl(2), `PR_SET_CHILD_SUBREAPER`), so that what it forked
//! can be found among our children, and ended, however often it forked.

mod ceiling;
mod ear;
mod family;

use std::io::PipeReader;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::unistd::Pid;

use ceiling::under_a_ceiling;
use ear::Ear;
pub(crate) use family::descendants;
use family::{left_running, sweep};

/// What a trial may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How many bytes it may print.
    pub output: u64,
    /// How many processes it may have at once.
    pub processes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            output: 64 * 1024,
            processes: 64,
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
    /// It had more processes than it may.
    TooMany(usize),
}

/// What was seen of a trial.
#[derive(Debug)]
pub struct Seen {
    /// How it ended.
    pub end: End,
    /// What it printed into each of the pipes.
    pub heard: Vec<Vec<u8>>,
    /// How many processes it left running; they have been ended.
    pub left: usize,
}

/// How a trial ended, by itself or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a signal.
    Status(ExitStatus),
    /// It was still running when its time was up.
    TooLong,
    /// It printed more than it may.
    TooLoud,
    /// It had more processes than it may.
    TooMany,
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
    let (reader, writer) = std::io::pipe().context("make a pipe for its output")?;
    let errors = writer.try_clone().context("make a pipe for its output")?;
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        // What it leaves among the temporary files goes with its folder.
        .env("TMPDIR", folder)
        .stdout(writer)
        .stderr(errors);
    let seen = watch(command, vec![reader], limits, |_, _| {})?;
    let text = String::from_utf8_lossy(&seen.heard.concat()).into_owned();
    Ok(match seen.end {
        End::TooLoud => Outcome::TooLoud(limits.output),
        End::TooLong => Outcome::TooLong(limits.time),
        End::TooMany => Outcome::TooMany(limits.processes),
        End::Status(status) => match status.code() {
            Some(code) => Outcome::Ended(code, text),
            None => Outcome::Killed(status.to_string(), text),
        },
    })
}

/// Runs `command`, whose output goes into `pipes`, and ends all that it leaves behind.
/// `meanwhile` is called again and again with its pid, and with what came out of the
/// first pipe so far.
///
/// # Errors
/// When it cannot be started.
pub fn watch(
    mut command: Command,
    pipes: Vec<PipeReader>,
    limits: Limits,
    mut meanwhile: impl FnMut(Pid, &[u8]),
) -> Result<Seen> {
    nix::sys::prctl::set_child_subreaper(true)
        .context("become the reaper of the trial")?;
    command.stdin(Stdio::null()).process_group(0);
    let mut child = under_a_ceiling(|| command.spawn()).with_context(|| {
        let program = Path::new(command.get_program());
        format!("run {}", program.display())
    })?;
    // The command holds the write ends too: end of file must mean that all are gone.
    drop(command);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0));
    let ears: Vec<_> = pipes
        .into_iter()
        .map(|pipe| Ear::at(pipe, limits.output))
        .collect();
    let begun = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait().context("wait for the trial")? {
            break End::Status(status);
        }
        let heard: Vec<_> = ears.iter().map(Ear::so_far).collect();
        if is_loud(&heard, limits) {
            break End::TooLoud;
        }
        if descendants(pid).len() >= limits.processes {
            break End::TooMany;
        }
        if begun.elapsed() > limits.time {
            break End::TooLong;
        }
        meanwhile(pid, heard.first().map_or(&[], Vec::as_slice));
        std::thread::sleep(Duration::from_millis(5));
    };
    let left = left_running();
    sweep(pid);
    // Whoever forks and ends at once was never seen with its children.
    let ended = match ended {
        End::Status(_) if left > limits.processes => End::TooMany,
        other => other,
    };
    let heard: Vec<_> = ears.into_iter().map(Ear::into_whole).collect();
    let end = match ended {
        End::Status(_) if is_loud(&heard, limits) => End::TooLoud,
        other => other,
    };
    Ok(Seen { end, heard, left })
}

fn is_loud(heard: &[Vec<u8>], limits: Limits) -> bool {
    heard.iter().map(Vec::len).sum::<usize>() as u64 > limits.output
}
