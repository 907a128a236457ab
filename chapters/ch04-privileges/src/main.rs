//! The bench of chapter 4: what a process may do, and what is left of it.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod look;
mod over;
mod run;
mod trial;
mod ways;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use workbench::bench::{self, Explain};

/// Chapter 4, privileges: what a process may do, taken away bit by bit, without sudo.
#[derive(Parser)]
#[command(name = "ch04")]
struct Cli {
    /// Show each system call: as a tree, as JSON lines (=json), as a figure (=svg:FILE).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "tree")]
    explain: Option<Explain>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a program with a root of its own, as a user of its own, with few privileges.
    Run(run::Run),
    /// Show the capabilities of this process.
    Show,
    /// Show the ids that this user may have in a user namespace.
    Ids,
    /// Show what seven processes have before and after they execute a program.
    Exec,
    /// The end of a row of `exec`.
    #[command(hide = true)]
    Effective,
    /// Try the ways to a user namespace under three filters.
    Ways,
    /// See what seccomp's strict mode leaves a process.
    Strict,
    /// List the seccomp program of the default profile, or of one in docker's format.
    Filter(Filter),
}

#[derive(clap::Args)]
struct Filter {
    /// A profile as JSON.
    #[arg(long, conflicts_with = "lesson")]
    profile: Option<PathBuf>,
    /// The profile of the lesson, data/lesson.json.
    #[arg(long)]
    lesson: bool,
    /// What the container is to have beside the fourteen usual capabilities.
    #[arg(long)]
    cap_add: Vec<String>,
    /// Show only what the kernel executes for this call, which has these arguments.
    #[arg(long, num_args = 1.., value_names = ["CALL", "ARGUMENT"])]
    call: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch04", cli.explain, || match cli.verb {
        None => trial::table(),
        Some(Verb::Run(asked)) => run::run(&asked),
        Some(Verb::Show) => look::show(),
        Some(Verb::Ids) => look::ids(),
        Some(Verb::Exec) => over::table(),
        Some(Verb::Effective) => over::effective(),
        Some(Verb::Ways) => ways::table(),
        Some(Verb::Strict) => ways::strict(),
        Some(Verb::Filter(asked)) => look::filter(&asked),
    })
}

/// Writes out of a process that leaves without flushing.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
