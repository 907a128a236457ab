//! The bench of chapter 0: borrow root's place, and see what it is worth.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod exercise_verbs;
mod mine_verbs;

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use workbench::bench::{self, Explain};
use workbench::doctor::{self, Probe};
use workbench::user;

use crate::exercise_verbs::Exercises;

/// Chapter 0, the workbench: become root of a user namespace, without sudo.
#[derive(Parser)]
#[command(name = "ch00")]
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
    /// Say what of this book works on this machine, chapter by chapter.
    Doctor,
    /// List, check, watch, hint at and reset the book's exercises.
    Exercise {
        #[command(subcommand)]
        verb: Option<Exercises>,
    },
    /// Try one thing, in this process.
    #[command(hide = true)]
    Probe {
        /// The probe's name.
        name: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.verb {
        None => bench::explained("ch00", cli.explain, show),
        Some(Verb::Doctor) => bench::explained("doctor", cli.explain, examine),
        Some(Verb::Exercise { verb }) => {
            bench::explained("exercise", cli.explain, || {
                exercise_verbs::act(&doctor::checkout(), verb.unwrap_or(Exercises::List))
            })
        }
        Some(Verb::Probe { name }) => doctor::run_here(&name),
    }
}

fn examine() -> Result<ExitCode> {
    let chapters = doctor::load(&doctor::checkout())?;
    let report = doctor::examine(&chapters, Probe::try_apart);
    print!("{}", report.text(nix::unistd::geteuid().is_root()));
    Ok(match report.is_well() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn show() -> Result<ExitCode> {
    println!("before: {}", who_am_i());
    user::borrow_root()?;
    println!("after:  {}", who_am_i());
    match fs::File::open("/etc/shadow") {
        Ok(_) => println!("/etc/shadow opens: this root was the real one"),
        Err(error) => println!("/etc/shadow stays shut: {error}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The caller's user id and its effective capabilities, as proc_pid_status(5) has them.
fn who_am_i() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or("?")
            .to_owned()
    };
    format!("uid {}, capabilities {}", field("Uid:"), field("CapEff:"))
}
