//! A chapter's bench: its program, with `--explain` and errors told one way.

mod explain;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{diagnosis, steps};

pub use explain::{Explain, Sheet};

/// The status of a program whose flags cannot be followed, as clap has it.
const WRONG_FLAGS: u8 = 2;

/// Runs a bench: `run` with its steps shown when it has ended, its error as
/// `NAME: what: why` with a `hint:` line below. Where the steps cannot be shown as
/// asked, nothing is run.
pub fn explained(
    name: &str,
    explain: Option<Explain>,
    run: impl FnOnce() -> Result<ExitCode>,
) -> ExitCode {
    let sheet = match explain.map(Sheet::open).transpose() {
        Ok(sheet) => sheet,
        Err(error) => {
            show(&told(name, &error));
            return WRONG_FLAGS.into();
        }
    };
    let listener = sheet.and_then(|sheet| {
        let (sender, receiver) = steps::channel().ok()?;
        steps::send_to(Some(sender));
        Some((sheet, receiver))
    });
    let answer = run();
    steps::send_to(None);
    let written = match listener {
        Some((sheet, receiver)) => sheet.write(&receiver.drain()),
        None => Ok(()),
    };
    answer
        .and_then(|status| written.map(|()| status))
        .unwrap_or_else(|error| {
            show(&told(name, &error));
            ExitCode::FAILURE
        })
}

/// A folder that goes when this is dropped.
pub type Scratch = tempfile::TempDir;

/// A folder for the time that the bench runs; it is removed with all that is in it.
///
/// # Errors
/// When none can be made in the folder for temporary files.
pub fn scratch() -> Result<Scratch> {
    tempfile::Builder::new()
        .prefix("skiff-bench-")
        .tempdir()
        .context("make a folder for the bench")
}

/// An error as every program of skiff prints it, hint included.
#[must_use]
pub fn told(name: &str, error: &anyhow::Error) -> String {
    let mut text = format!("{name}: {error:#}\n");
    if let Some(hint) = diagnosis::hint(error) {
        text.push_str("hint: ");
        text.push_str(hint);
        text.push('\n');
    }
    text
}

fn show(text: &str) {
    // Whoever closed standard error does not want to read this.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
