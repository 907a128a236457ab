//! The bench of chapter 3: a process with a root and mounts of its own.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod find;
mod run;
mod spread;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use mounts::{Propagation, Root};
use nix::sched::{CloneFlags, unshare};
use run::{Run, run};
use workbench::bench::{self, Explain};
use workbench::user;

/// Chapter 3, mounts: a process whose file systems are its own, without sudo.
#[derive(Parser)]
#[command(name = "ch03")]
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
    /// Run a program with a root, /proc, /dev and /sys of its own.
    Run(Run),
    /// Show the mounts that this process sees, and what each is shared with.
    Table,
    /// Try which mounts of two namespaces are seen in the other.
    Spread {
        /// The inner one's: shared, slave, private or unbindable.
        #[arg(value_parser = propagation)]
        inner: Propagation,
    },
    /// Say which file a path is in a tree that a stranger has made.
    Find {
        /// Put the two paths together and open that: how it is done wrong.
        #[arg(long)]
        as_text: bool,
        /// The top of the tree.
        folder: PathBuf,
        /// The path, as it is seen in there.
        path: PathBuf,
    },
    /// Make a folder the root of a new mount namespace, unprepared: see it refused.
    Pivot {
        /// The folder.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch03", cli.explain, || match cli.verb {
        None => run(&Run::of(&SHOW)),
        Some(Verb::Run(asked)) => run(&asked),
        Some(Verb::Table) => table(),
        Some(Verb::Pivot { folder }) => pivot(&folder),
        Some(Verb::Spread { inner }) => spread::spread(inner),
        Some(Verb::Find {
            as_text,
            folder,
            path,
        }) => find::find(&folder, &path, as_text),
    })
}

/// What the bench shows: every mount there is, and every process there is.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo 'all that is mounted here:'
     while read -r _ _ _ _ target _ rest; do
         type=${rest#*- }; echo \"  $target  ${type%% *}\"
     done </proc/self/mountinfo
     cd /proc; echo \"all the processes in my /proc: $(echo [0-9]*)\"",
];

fn propagation(word: &str) -> Result<Propagation> {
    Propagation::parse(word).with_context(|| format!("no propagation is called {word:?}"))
}

fn table() -> Result<ExitCode> {
    for mount in mounts::table::read()?.0 {
        let peers = if mount.peers.is_empty() {
            "private".to_owned()
        } else {
            mount.peers.join(" ")
        };
        println!(
            "{}  {}  {}  {peers}",
            mount.target.display(),
            mount.fstype,
            mount.options
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// [`mounts::pivot`] alone, without what [`mounts::prepare_root`] does before it.
fn pivot(folder: &Path) -> Result<ExitCode> {
    let folder = fs::canonicalize(folder).context("find the folder")?;
    user::borrow_root()?;
    unshare(CloneFlags::CLONE_NEWNS).context("make a mount namespace")?;
    // Opened in there: the old namespace's mount is another, and EINVAL too.
    mounts::pivot(&Root::open(&folder)?)?;
    println!("{} is the root now", folder.display());
    Ok(ExitCode::SUCCESS)
}
