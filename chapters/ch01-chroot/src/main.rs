//! The bench of chapter 1: a process in another root.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use chroot::process::{self, Exit, How};
use chroot::{root, toolbox};
use clap::{Parser, Subcommand};
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
    /// Make a root filesystem from the host's own programs in an empty folder.
    Toolbox {
        /// Where.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch01", cli.explain, || match cli.verb {
        None => run(None, &SHOW.map(str::to_owned)),
        Some(Verb::Run { root, command }) => run(root.as_deref(), &command),
        Some(Verb::Toolbox { folder }) => {
            toolbox::write(&toolbox::of_host()?, &folder)?;
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

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn run(folder: Option<&Path>, command: &[String]) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = match folder {
        Some(folder) => folder,
        None => {
            toolbox::write(&toolbox::of_host()?, scratch.path())?;
            scratch.path()
        }
    };
    user::borrow_root()?;
    let args = process::strings(command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let child = process::spawn(&How::default(), |line| {
        root::enter(folder)?;
        let program = process::find(&command[0], PATH)?;
        line.send(process::EXEC, "", None)?;
        Err(process::exec(&program, &args, &env))
    })?;
    let exit: Exit = child.wait()?;
    Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
}
