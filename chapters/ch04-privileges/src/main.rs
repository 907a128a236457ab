//! The bench of chapter 4: what a process may do, and what is left of it.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod look;
mod run;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;

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
    /// List the seccomp program of the default profile, or of one in docker's format.
    Filter {
        /// A profile as JSON.
        #[arg(long)]
        profile: Option<PathBuf>,
        /// What the container is to have beside the fourteen usual capabilities.
        #[arg(long)]
        cap_add: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch04", cli.explain, || match cli.verb {
        None => trial::table(),
        Some(Verb::Run(asked)) => run::run(&asked),
        Some(Verb::Show) => look::show(),
        Some(Verb::Ids) => look::ids(),
        Some(Verb::Filter { profile, cap_add }) => {
            look::filter(profile.as_deref(), &cap_add)
        }
    })
}
