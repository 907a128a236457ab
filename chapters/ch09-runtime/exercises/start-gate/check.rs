//! Judges a start: against containers that run, fail, take their time, or have died.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{sleep, spawn};
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use workbench::bench;

/// What the reader writes.
pub(crate) type Attempt = fn(&Path) -> Result<(), String>;

/// How long an attempt may take: no container here needs as long.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn check(start_gate: Attempt) -> Result<(), String> {
    let gate = bench::scratch().map_err(|error| error.to_string())?;
    for name in ["start", "report"] {
        mkfifo(&gate.path().join(name), Mode::S_IRWXU)
            .map_err(|error| error.to_string())?;
    }
    let answer = within(start_gate, gate.path().into());
    let answer = answer.ok_or("nobody is behind this gate, and you wait for somebody")?;
    if !answer.is_err_and(|error| error.contains("stopped")) {
        return Err("nobody is behind this gate: say that it has stopped".to_owned());
    }
    for (delay, words) in [(0, ""), (200, ""), (0, "exec format error")] {
        let runs = Arc::new(AtomicBool::new(false));
        wait_at(gate.path(), delay, words, runs.clone()).map_err(|e| e.to_string())?;
        let answer = within(start_gate, gate.path().into()).ok_or(
            "you wait, and the program runs: open the report before the word is given",
        )?;
        if !runs.load(Ordering::SeqCst) {
            return Err("you returned before the program was executed".to_owned());
        }
        match (words, answer) {
            ("", Ok(())) => {}
            ("", Err(error)) => return Err(format!("it runs, and you say: {error}")),
            (words, Err(error)) if error.contains(words) => {}
            (words, answer) => {
                return Err(format!(
                    "what the container reports is the error of start\n  reported: {words}\n  \
                     came:     {answer:?}"
                ));
            }
        }
    }
    Ok(())
}

/// What the attempt answers, if it does so in time.
fn within(start_gate: Attempt, gate: PathBuf) -> Option<Result<(), String>> {
    let (tell, hear) = mpsc::channel();
    spawn(move || tell.send(start_gate(&gate)));
    hear.recv_timeout(PATIENCE).ok()
}

/// A container at its gate. It has opened both FIFOs when this returns; some time after the
/// word it "executes": its ends are closed.
fn wait_at(
    gate: &Path,
    delay: u64,
    words: &'static str,
    runs: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let open = |name: &str| -> std::io::Result<File> {
        let mut both = OpenOptions::new();
        both.read(true).write(true).open(gate.join(name))
    };
    let (mut start, mut report) = (open("start")?, open("report")?);
    spawn(move || {
        let mut word = [0];
        let heard = start.read_exact(&mut word);
        sleep(Duration::from_millis(delay));
        runs.store(true, Ordering::SeqCst);
        heard.and_then(|()| report.write_all(words.as_bytes()))
    });
    Ok(())
}
