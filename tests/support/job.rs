//! A program under a time limit, its output kept.
//!
//! Waiting is done on a channel that the reader threads feed, so that a program that
//! ends at once is seen at once. A program that does not end is killed, and the test
//! fails with its name and what it had said.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::output::{Output, code_of};
use crate::stream::Stream;

/// How long a program may take when the test says nothing else.
const LIMIT: Duration = Duration::from_secs(60);
/// How long an output may stay open when its program has ended. Whoever holds it then
/// has inherited what was not meant for it: a daemon that started by itself, say.
const HELD: Duration = Duration::from_secs(2);
/// Runs `command` to its end, with nothing on standard input, for a minute at most.
///
/// # Panics
/// If it cannot be started or takes longer.
#[track_caller]
pub fn run(command: Command) -> Output {
    Job::start(command, Some(b"")).wait()
}

/// Asks `probe` again and again until it has an answer.
///
/// # Panics
/// If it has none within `limit`, naming `what`.
#[track_caller]
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {limit:?} in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A program that runs. Dropped, it is killed.
pub struct Job {
    child: Child,
    /// The program stands behind one that forks and waits (`nsenter`).
    behind: bool,
    input: Option<ChildStdin>,
    out: Arc<Stream>,
    err: Arc<Stream>,
    command: String,
}

impl Job {
    /// Starts `command` in a process group of its own. `input` is all of its standard
    /// input; with `None`, [`Job::say`] writes to it and [`Job::hush`] ends it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn start(mut command: Command, input: Option<&[u8]>) -> Self {
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let words = words.join(" ");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = match command.process_group(0).spawn() {
            Ok(child) => child,
            Err(error) => panic!("start {words}: {error}"),
        };
        let out = Stream::of(child.stdout.take());
        let err = Stream::of(child.stderr.take());
        let mut pipe = child.stdin.take();
        if let (Some(bytes), Some(mut pipe)) = (input, pipe.take_if(|_| input.is_some()))
        {
            let bytes = bytes.to_vec();
            // A program may end before it has read: that is its own affair.
            thread::spawn(move || pipe.write_all(&bytes));
        }
        let behind = command.get_program() == "nsenter";
        Self {
            child,
            behind,
            input: pipe,
            out,
            err,
            command: words,
        }
    }

    /// Writes `text` to the program's standard input.
    ///
    /// # Panics
    /// If the program does not take it.
    #[track_caller]
    pub fn say(&mut self, text: &str) {
        let pipe = self
            .input
            .as_mut()
            .expect("the input was given at the start");
        pipe.write_all(text.as_bytes())
            .expect("the program takes its input");
    }

    /// Ends the program's standard input.
    pub fn hush(&mut self) {
        self.input = None;
    }

    /// Waits until standard output has `text`; returns what there is then.
    ///
    /// # Panics
    /// If it does not come within a minute.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        match self.out.wait_until(LIMIT, |all, _| all.contains(text)) {
            Some(all) if all.contains(text) => all,
            _ => panic!("waited in vain for {text:?}: {}", self.so_far(-1)),
        }
    }

    /// Sends a signal to the program itself.
    ///
    /// # Panics
    /// If it has ended.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the program is there to be signalled");
    }

    /// The program's process, as the host counts.
    ///
    /// # Panics
    /// If it has ended.
    #[track_caller]
    #[must_use]
    pub fn pid(&self) -> Pid {
        let mine = self.child.id();
        if !self.behind {
            return Pid::from_raw(mine.cast_signed());
        }
        let path = format!("/proc/{mine}/task/{mine}/children");
        let child = eventually("nsenter's child", LIMIT, || {
            std::fs::read_to_string(&path)
                .ok()?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        Pid::from_raw(child)
    }

    /// Waits for the program's end, for a minute at most.
    ///
    /// # Panics
    /// If it takes longer.
    #[track_caller]
    #[must_use = "use the output, or say `let _`"]
    pub fn wait(self) -> Output {
        self.wait_within(LIMIT)
    }

    /// Waits for the program's end, for `limit` at most.
    ///
    /// # Panics
    /// If it takes longer: then it is killed.
    #[track_caller]
    #[must_use = "use the output, or say `let _`"]
    pub fn wait_within(mut self, limit: Duration) -> Output {
        self.input = None;
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("our own child") {
                Some(status) => break status,
                None if started.elapsed() > limit => {
                    let _ = killpg(
                        Pid::from_raw(self.child.id().cast_signed()),
                        Signal::SIGKILL,
                    );
                    panic!("killed after {limit:?}: {}", self.so_far(-1));
                }
                // The end of both outputs comes with the end of the program, or before.
                None => self.wait_for_outputs(started, limit),
            }
        };
        let ended = [&self.out, &self.err].map(|s| s.wait_until(HELD, |_, end| end));
        let output = self.so_far(code_of(status));
        assert!(
            ended.iter().all(Option::is_some),
            "ended, but its output is held open: {output}"
        );
        output
    }

    fn wait_for_outputs(&self, started: Instant, limit: Duration) {
        let short = Duration::from_millis(20);
        let left = limit.saturating_sub(started.elapsed()).min(short);
        let open = self.out.wait_until(left, |_, end| end).is_none();
        if !open && self.err.wait_until(left, |_, end| end).is_some() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn so_far(&self, code: i32) -> Output {
        let text = |stream: &Stream| stream.text();
        let command = self.command.clone();
        Output {
            code,
            stdout: text(&self.out),
            stderr: text(&self.err),
            command,
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = killpg(
                Pid::from_raw(self.child.id().cast_signed()),
                Signal::SIGKILL,
            );
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn code_and_both_outputs_are_kept() {
        let out = run(sh("echo out; echo err >&2; exit 7")).expect(7);
        assert_eq!(
            (out.stdout.as_str(), out.stderr.as_str()),
            ("out\n", "err\n")
        );
    }

    #[test]
    fn a_signal_is_a_code_over_128() {
        let _ = run(sh("kill -TERM $$")).expect(143);
    }

    #[test]
    fn input_arrives_and_ends() {
        assert_eq!(Job::start(sh("cat"), Some(b"in")).wait().ok(), "in");
        let mut job = Job::start(sh("cat"), None);
        job.say("first");
        job.wait_for("first");
        job.hush();
        assert_eq!(job.wait().ok(), "first");
    }

    #[test]
    #[should_panic(expected = "killed after")]
    fn a_program_that_does_not_end_is_named() {
        let _ = Job::start(sh("echo begun; sleep 600"), None)
            .wait_within(Duration::from_millis(200));
    }

    #[test]
    #[should_panic(expected = "output is held open")]
    fn an_output_that_someone_keeps_is_a_failure() {
        let _ = run(sh("setsid sleep 4 & exit 0"));
    }
}
