//! `pull`, and the pull within a `run`.

use std::io::{IsTerminal, Write, stderr, stdout};

use anyhow::Result;
use engine::api::image::ProgressLine;
use engine::client::{Client, Lines};

use crate::cli::image::Pull;
use crate::cli::reference::Reference;
use crate::output;
use crate::output::progress::Progress;

/// Where the progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// On standard output: it is the answer.
    OnOutput,
    /// On standard error: standard output is a container's.
    OnError,
    Nowhere,
}

/// `skiff pull`.
pub(super) async fn run(client: &Client, typed: &Pull) -> Result<u8> {
    let name = Reference::split(&typed.name);
    if name.tag.is_none() && name.digest.is_none() && !typed.quiet {
        output::line("Using default tag: latest")?;
    }
    let shown = match typed.quiet {
        true => Shown::Nowhere,
        false => Shown::OnOutput,
    };
    fetch(client, &typed.name, typed.platform.as_deref(), shown).await?;
    output::line(&name.canonical())?;
    Ok(0)
}

/// Fetches an image and shows how far it is.
pub(super) async fn fetch(
    client: &Client,
    name: &str,
    platform: Option<&str>,
    shown: Shown,
) -> Result<()> {
    let split = Reference::split(name);
    let lines = client
        .pull(split.repository, split.tag_or_digest(), platform)
        .await?;
    match shown {
        Shown::OnOutput => follow(lines, stdout(), stdout().is_terminal()).await,
        Shown::OnError => follow(lines, stderr(), stderr().is_terminal()).await,
        Shown::Nowhere => follow(lines, std::io::sink(), false).await,
    }
}

async fn follow(mut lines: Lines, out: impl Write, terminal: bool) -> Result<()> {
    let mut progress = Progress::new(out, terminal);
    while let Some(line) = lines.next::<ProgressLine>().await? {
        progress.show(&line)?;
    }
    Ok(())
}
