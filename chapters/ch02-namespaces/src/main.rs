//! The bench of chapter 2: a process in namespaces of its own.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod enter;
mod run;

use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chroot::process::Exit;
use clap::{Parser, Subcommand};
use namespaces::{Namespace, join};
use nix::unistd::Pid;
use run::{Run, run};
use workbench::bench::{self, Explain};

/// Chapter 2, namespaces: a process with a name, pids and clocks of its own.
#[derive(Parser)]
#[command(name = "ch02")]
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
    /// Run a program in another root and in namespaces of its own.
    Run(Run),
    /// Say which namespaces of a process are its own, and which are ours too.
    Compare {
        /// Its number.
        pid: i32,
    },
    /// Run a program in the namespaces, and in the root, of a process that runs.
    Join {
        /// Its number.
        pid: i32,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch02", cli.explain, || match cli.verb {
        None => run(&Run::of(&SHOW)),
        Some(Verb::Run(asked)) => run(&asked),
        Some(Verb::Compare { pid }) => compare(Pid::from_raw(pid)),
        Some(Verb::Join { pid, command }) => enter::enter(Pid::from_raw(pid), &command),
    })
}

/// What the bench shows: a name and a pid that only this process has.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"my name is $(uname -n)\"; echo \"my pid is $$: the first\"",
];

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// ANCHOR: compare
fn compare(pid: Pid) -> Result<ExitCode> {
    for kind in Namespace::ALL {
        let theirs = join::of_process(pid, kind)?;
        let ours = join::is_ours(kind, theirs.as_fd())?;
        let whose = if ours { "ours" } else { "its own" };
        println!("{:<7} {whose}", kind.file());
    }
    Ok(ExitCode::SUCCESS)
}
// ANCHOR_END: compare

/// The kinds that a word like `uts,pid` names, by their files in `/proc/PID/ns`.
fn kind(word: &str) -> Result<Namespace> {
    let found = Namespace::ALL.into_iter().find(|kind| kind.file() == word);
    let Some(kind) = found else {
        let all = Namespace::ALL.map(Namespace::file).join(", ");
        bail!("there is no namespace {word:?}; there are {all}");
    };
    Ok(kind)
}

/// How a program ended, as the status of this one.
fn status(exit: Exit) -> Result<ExitCode> {
    let status = u8::try_from(exit.status()).context("read an exit status")?;
    Ok(ExitCode::from(status))
}
