//! The bench of chapter 1: a process in another root.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Exit, How};
use chroot::{escape, root, toolbox};
use clap::{Args, Parser, Subcommand};
use workbench::bench::{self, Explain};
use workbench::user;

/// Chapter 1, chroot: a process in another root, without sudo.
#[derive(Parser)]
#[command(name = "ch01")]
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
    /// Run a program in another root (by default: in one made of the host's programs).
    Run {
        /// The folder that becomes the root.
        #[arg(long)]
        root: Option<PathBuf>,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
    /// Get out of another root again, and run a program there.
    Escape(Escape),
    /// Make a root filesystem from the host's own programs in an empty folder.
    Toolbox {
        /// Where.
        folder: PathBuf,
    },
}

#[derive(Args)]
struct Escape {
    /// First give up the right to change the root (`CAP_SYS_CHROOT`).
    #[arg(long)]
    drop_chroot: bool,
    /// Leave by a folder of the host that was open before, and change no root.
    #[arg(long)]
    held: bool,
    /// The program and its arguments; by default, one that looks around.
    #[arg(trailing_var_arg = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch01", cli.explain, || match cli.verb {
        None => run(None, &SHOW.map(str::to_owned)),
        Some(Verb::Run { root, command }) => run(root.as_deref(), &command),
        Some(Verb::Escape(how)) => escape_and_run(&how),
        Some(Verb::Toolbox { folder }) => {
            furnish(&folder)?;
            println!("{}", folder.display());
            Ok(ExitCode::SUCCESS)
        }
    })
}

/// What the bench shows: the same names, another tree behind them.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"my root has: $(ls / | tr '\\n' ' ')\"; echo \"my pid is $$, as on the host\"",
];

/// What an escape shows: what is at the root, and what lies where it stands.
const LOOK: [&str; 3] = ["ls", "/", "."];

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// ANCHOR: run
fn run(folder: Option<&Path>, command: &[String]) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = match folder {
        Some(folder) => folder,
        None => {
            furnish(scratch.path())?;
            scratch.path()
        }
    };
    user::borrow_root()?;
    start(command, || root::enter(folder))
}
// ANCHOR_END: run

// ANCHOR: escape_and_run
fn escape_and_run(how: &Escape) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    furnish(scratch.path())?;
    let held = File::open("/").context("open the host's root")?;
    let look = LOOK.map(str::to_owned);
    let command = match &how.command[..] {
        [] => &look,
        words => words,
    };
    user::borrow_root()?;
    start(command, || {
        root::enter(scratch.path())?;
        if how.drop_chroot {
            escape::give_up_chroot()?;
        }
        if how.held {
            escape::step_out(&held)
        } else {
            escape::climb()
        }
    })
}
// ANCHOR_END: escape_and_run

/// Puts the toolbox into this folder.
fn furnish(folder: &Path) -> Result<()> {
    toolbox::write(&toolbox::of_host()?, folder)
}

/// Starts `command` in a process that first does `enter`, and ends as it ends.
// ANCHOR: start
fn start(command: &[String], enter: impl FnOnce() -> Result<()>) -> Result<ExitCode> {
    let args = process::strings(command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let child = process::spawn(&How::default(), |line| {
        enter()?;
        let program = process::find(&command[0], PATH)?;
        line.send(process::EXEC, "", &[])?;
        Err(process::exec(&program, &args, &env))
    })?;
    let exit: Exit = child.wait()?;
    Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
}
// ANCHOR_END: start
