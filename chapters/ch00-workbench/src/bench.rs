//! A chapter's bench: its program, with `--explain` and errors told one way.

use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::{diagnosis, steps};

/// How steps are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explain {
    /// As a tree, for people.
    Tree,
    /// As JSON lines, for programs.
    Json,
}

impl FromStr for Explain {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "tree" => Ok(Self::Tree),
            "json" => Ok(Self::Json),
            other => Err(format!("{other:?} is neither tree nor json")),
        }
    }
}

/// Runs a bench: `run` with its steps shown on standard error when it has ended,
/// its error as `NAME: what: why` with a `hint:` line below.
pub fn explained(
    name: &str,
    explain: Option<Explain>,
    run: impl FnOnce() -> Result<ExitCode>,
) -> ExitCode {
    let listener = explain.and_then(|how| {
        let (sender, receiver) = steps::channel().ok()?;
        steps::send_to(Some(sender));
        Some((how, receiver))
    });
    let answer = run();
    steps::send_to(None);
    if let Some((how, receiver)) = listener {
        show(&render(how, &receiver.drain()));
    }
    answer.unwrap_or_else(|error| {
        show(&told(name, &error));
        ExitCode::FAILURE
    })
}

/// A folder for the time that the bench runs; it is removed with all that is in it.
///
/// # Errors
/// When none can be made in the folder for temporary files.
pub fn scratch() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("skiff-bench-")
        .tempdir()
        .context("make a folder for the bench")
}

/// Steps as the text that `explain` asks for.
#[must_use]
pub fn render(how: Explain, list: &[steps::Step]) -> String {
    match how {
        Explain::Tree => steps::tree(list),
        Explain::Json => steps::json_lines(list),
    }
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
