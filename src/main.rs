//! The skiff command: what was typed, the verb, one place that prints errors and exits.

mod cli;
mod commands;
mod output;

use std::io::ErrorKind;
use std::process::ExitCode;

use anyhow::Result;
use engine::client::signals::Interrupted;
use engine::client::{self, Client, Host};
use workbench::bench::{self, Explain, Sheet};
use workbench::diagnosis::with_hint;
use workbench::steps::{self, Receiver};

use cli::{Cli, Refused};
use commands::{Several, Statuses, shim};

/// The status of a program that a closed pipe ended: 128 and SIGPIPE.
const NOBODY_READS: u8 = 141;

fn main() -> ExitCode {
    if shim::is_meant(std::env::args_os().next().as_deref()) {
        return leave(shim::perform(std::env::args_os().skip(1)), Statuses::Plain);
    }
    let typed = match cli::parse(std::env::args_os()) {
        Ok(typed) => typed,
        Err(Refused::Shown(text)) => {
            let _ = output::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(Refused::Wrong { what, hint, status }) => {
            tell(&with_hint(anyhow::anyhow!(what), hint));
            return status.into();
        }
    };
    let statuses = Statuses::of(&typed.verb);
    leave(perform(typed), statuses)
}

/// The status to leave with, the error told: the only place that ends the program.
fn leave(answer: Result<u8>, statuses: Statuses) -> ExitCode {
    let status = answer.unwrap_or_else(|error| {
        if nobody_reads(&error) {
            return NOBODY_READS;
        }
        // Who sent a signal knows why it ended.
        if !error.is::<Interrupted>() {
            tell(&error);
        }
        statuses.status(&error)
    });
    status.into()
}

fn perform(typed: Cli) -> Result<u8> {
    let host: Option<Host> = match typed.host.or_else(|| std::env::var("SKIFF_HOST").ok())
    {
        Some(host) if !host.is_empty() => Some(host.parse()?),
        _ => None,
    };
    let verb = match commands::alone(typed.verb, host.as_ref()) {
        Ok(done) => return done,
        Err(verb) => verb,
    };
    let own = typed.explain.map(listen).transpose()?;
    let mut theirs = Vec::new();
    let answer = client::run(async {
        let client = Client::connect(host, own.is_some()).await?;
        if let Some(notice) = client.notice() {
            output::note(&format!("skiff: {notice}"));
        }
        let answer = commands::perform(&client, *verb).await;
        // Fetching the steps is none of them.
        steps::send_to(None);
        match client.steps().await {
            Ok(steps) => theirs = steps,
            Err(error) => output::note(&format!("skiff: {error:#}")),
        }
        answer
    });
    let Some((sheet, own)) = own else {
        return answer;
    };
    let mut all = own.drain();
    all.extend(theirs);
    let written = sheet.write(&all);
    answer.and_then(|status| written.map(|()| status))
}

/// Where steps are to be written, and where this process's own arrive.
fn listen(explain: Explain) -> Result<(Sheet, Receiver)> {
    let sheet = Sheet::open(explain)?;
    let (sender, receiver) = steps::channel()?;
    steps::role("client");
    steps::send_to(Some(sender));
    Ok((sheet, receiver))
}

/// Prints an error: the only place that does.
fn tell(error: &anyhow::Error) {
    match error.downcast_ref::<Several>() {
        Some(Several(errors)) => errors.iter().for_each(tell),
        None => output::note(bench::told("skiff", error).trim_end()),
    }
}

/// Whether the reader of our output has gone: `skiff logs x | head -1` is no failure.
fn nobody_reads(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|link| link.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}
