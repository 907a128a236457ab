//! The bench of chapter 6: limits that bite, and counters that tell of it.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use cgroups::{Limits, layout};
use clap::{Parser, Subcommand};
use run::{Run, plain, run, told};
use workbench::bench::{self, Explain};

/// Chapter 6, control groups: how much a process may have, and how much it has had.
#[derive(Parser)]
#[command(name = "ch06")]
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
    /// Run a program in a container with limits. Needs root, or a control group of
    /// one's own (--cgroup-parent).
    Run(Run),
    /// Show the cgroup trees of this machine.
    Layout,
    /// Write a value to a file of a group, and be told why not.
    Write {
        /// The file, such as /sys/fs/cgroup/memory/x/cgroup.procs.
        file: PathBuf,
        /// The value.
        value: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch06", cli.explain, || match cli.verb {
        None => show(),
        Some(Verb::Run(asked)) => run(&asked),
        Some(Verb::Layout) => Ok(trees()),
        Some(Verb::Write { file, value }) => {
            cgroups::set_file(&file, &value).map(|()| ExitCode::SUCCESS)
        }
    })
}

fn show() -> Result<ExitCode> {
    println!("at most 16 MiB of memory, and a program that wants all there is:");
    let memory = Limits {
        memory: Some(16 << 20),
        memory_swap: Some(16 << 20),
        ..Limits::default()
    };
    println!("  {}", told(&plain(memory, &["tail", "/dev/zero"])?));
    println!("at most 4 processes, and a shell that starts ten:");
    let pids = Limits {
        pids: Some(4),
        ..Limits::default()
    };
    let script = "for n in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done";
    println!("  {}", told(&plain(pids, &["sh", "-c", script])?));
    Ok(ExitCode::SUCCESS)
}

fn trees() -> ExitCode {
    println!("{:?}", layout());
    for tree in layout::trees() {
        let controllers = tree.controllers.join(" ");
        println!("{:?} {} {controllers}", tree.version, tree.mount.display());
    }
    ExitCode::SUCCESS
}
