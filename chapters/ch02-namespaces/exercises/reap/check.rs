//! Judges number 1's loop, by being the parent of all orphans of a few small programs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

/// What the reader writes.
pub(crate) type Attempt = fn(Pid) -> nix::Result<i32>;

/// How long the last orphan lives.
const LONG: Duration = Duration::from_secs(4);

pub(crate) fn check(reap: Attempt) -> Result<(), String> {
    set_child_subreaper(true).map_err(|error| error.to_string())?;
    // The orphan's own parent ends at once; the program does not.
    let status = of(reap, "sh -c '(exit 5) &'; sleep 0.3; exit 7")?;
    if status == 5 {
        return Err(
            "that was the status of an orphan: wait on until the program itself \
                    has ended"
                .to_owned(),
        );
    }
    told(status, 7, "the exit code of the program is the status")?;
    // Not waited for by this look: it only asks.
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) = waitid(Id::All, look) {
        return Err(
            "an orphan has ended, and nobody has waited for it: wait for any child, \
                    not for one"
                .to_owned(),
        );
    }
    told(
        of(reap, "kill -9 $$")?,
        137,
        "a program that a signal killed has the status 128 and the signal's number",
    )?;
    in_time(reap)
}

/// Whether `reap` returns while an orphan still runs.
fn in_time(reap: Attempt) -> Result<(), String> {
    let script = format!("sleep {} >/dev/null & echo $!; exit 3", LONG.as_secs());
    let mut program = start(&script)?;
    let mut line = String::new();
    let output = program.stdout.take().ok_or("it has no output")?;
    BufReader::new(output)
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let status = answer(reap, &program)?;
    let late = begun.elapsed() >= LONG / 2;
    if let Ok(pid) = line.trim().parse() {
        // It may have ended; it is ours, and not reaped before that.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    if late {
        return Err(
            "the program had ended, and you went on waiting for the others: when \
                    number 1 returns, the kernel ends them"
                .to_owned(),
        );
    }
    told(status, 3, "the exit code of the program is the status")
}

fn of(reap: Attempt, script: &str) -> Result<i32, String> {
    answer(reap, &start(script)?)
}

fn answer(reap: Attempt, program: &Child) -> Result<i32, String> {
    let pid = i32::try_from(program.id()).map_err(|error| error.to_string())?;
    reap(Pid::from_raw(pid)).map_err(|errno| format!("reap() returned an error: {errno}"))
}

fn start(script: &str) -> Result<Child, String> {
    Command::new("sh")
        .args(["-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("start a shell: {error}"))
}

fn told(came: i32, expected: i32, why: &str) -> Result<(), String> {
    if came == expected {
        return Ok(());
    }
    Err(format!("{why}\n  expected: {expected}\n  came:     {came}"))
}
