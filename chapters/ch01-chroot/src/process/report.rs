//! What the new process tells the one that made it, before it is another program.

use anyhow::anyhow;
use nix::sys::signal::Signal;
use workbench::diagnosis;

use super::{Exit, Line, Message};

/// The tag of a report: the child is about to exec.
pub const EXEC: u8 = b'X';
/// The tag of a report: the child failed; the text says at what and why.
pub const FAILED: u8 = b'E';

/// Reads the child's reports to their end: `Err(None)` is an end without a word.
// ANCHOR: listen
pub(super) fn listen(line: &Line) -> Result<(), Option<anyhow::Error>> {
    let mut executing = false;
    loop {
        match line.receive() {
            Ok(Some(Message { tag: EXEC, .. })) => executing = true,
            Ok(Some(message)) => return Err(Some(reported(&message.text))),
            Ok(None) if executing => return Ok(()),
            Ok(None) => return Err(None),
            Err(error) => return Err(Some(error)),
        }
    }
}
// ANCHOR_END: listen

/// The error of a child that ended before it reported: its wait status tells more
/// than a broken pipe would.
#[must_use]
pub fn died(exit: Exit) -> anyhow::Error {
    match exit {
        Exit::Code(code) => anyhow!("the new process exited with {code} before its exec"),
        Exit::Signal(signal) => {
            let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
            anyhow!("the new process was killed by {name} before its exec")
        }
    }
}

/// An error as the text of a report: the causes on the first line, the hint below.
#[must_use]
pub fn report(error: &anyhow::Error) -> String {
    match diagnosis::hint(error) {
        Some(hint) => format!("{error:#}\n{hint}"),
        None => format!("{error:#}"),
    }
}

/// The inverse of [`report`].
#[must_use]
pub fn reported(text: &str) -> anyhow::Error {
    match text.split_once('\n') {
        Some((causes, hint)) => diagnosis::with_hint(anyhow!(causes.to_owned()), hint),
        None => anyhow!(text.to_owned()),
    }
}
