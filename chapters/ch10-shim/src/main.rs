//! The bench of chapter 10: a container whose starter goes away.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod container;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use container::Container;
use shim::Streams;
use workbench::bench::{self, Explain};
use workbench::steps;

/// Chapter 10, the shim: the process that stays with a container, without sudo.
#[derive(Parser)]
#[command(name = "ch10")]
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
    /// Start a container under a shim in an empty folder, and go.
    Start {
        /// Where its files are to be.
        folder: PathBuf,
        #[command(flatten)]
        what: What,
    },
    /// Make a container under a shim, to be started by `ask FOLDER '{"do":"start"}'`.
    Create {
        /// Where its files are to be.
        folder: PathBuf,
        #[command(flatten)]
        what: What,
    },
    /// Start a container under a shim, and stay attached to its end.
    Run(What),
    /// Attach to the container in a folder.
    Attach {
        /// Its folder.
        folder: PathBuf,
    },
    /// Show what the container in a folder has written so far.
    Logs {
        /// Its folder.
        folder: PathBuf,
    },
    /// Wait for the container in a folder, and end as it does.
    Wait {
        /// Its folder.
        folder: PathBuf,
    },
    /// Send the shim in a folder one line of the protocol: '{"do":"state"}'.
    Ask {
        /// Its folder.
        folder: PathBuf,
        /// The request.
        request: String,
    },
    /// Clear away what a killed shim has left in a folder.
    Bury {
        /// Its folder.
        folder: PathBuf,
    },
}

/// What runs in the container, and how.
#[derive(Args, Clone)]
struct What {
    /// Give it a standard input.
    #[arg(short)]
    interactive: bool,
    /// Give it a terminal.
    #[arg(short)]
    terminal: bool,
    /// Use another OCI runtime.
    #[arg(long)]
    runtime: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_default();
    // Started under this name by `shim::client::spawn`: this is to be a shim.
    if Path::new(&name)
        .file_name()
        .is_some_and(|name| name == "skiff-shim")
    {
        return be_a_shim(words);
    }
    let cli = Cli::parse();
    bench::explained("ch10", cli.explain, || match cli.verb {
        None => show(),
        Some(Verb::Start { folder, what }) => {
            container::create(&folder, &what)?.shim.start()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Create { folder, what }) => {
            container::create(&folder, &what)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Run(what)) => {
            let scratch = bench::scratch()?;
            let container = container::create(scratch.path(), &what)?;
            let code = container.run();
            container.tidy();
            code
        }
        Some(Verb::Attach { folder }) => {
            let container = Container::find(&folder)?;
            container.show(container.attach()?)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Logs { folder }) => {
            Container::find(&folder)?.logs()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Wait { folder }) => Container::find(&folder)?.wait(),
        Some(Verb::Ask { folder, request }) => Container::find(&folder)?.ask(&request),
        Some(Verb::Bury { folder }) => Container::find(&folder)?.bury(),
    })
}

fn be_a_shim(words: impl Iterator<Item = OsString>) -> ExitCode {
    match shim::main(words) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// What the bench shows: the starter ends, and the container is found again.
fn show() -> Result<ExitCode> {
    const SCRIPT: &str =
        "echo \"my starter may go\"; read -r word; echo \"I heard $word\"; exit 7";
    let scratch = bench::scratch()?;
    start_apart(scratch.path(), &["sh", "-c", SCRIPT])?;
    println!("the starter has ended");
    let container = Container::find(scratch.path())?;
    println!("{}", container.family()?);
    let ended = container.shim.wait(None)?;
    let streams = Streams {
        stdin: true,
        ..Streams::default()
    };
    let mut input = container.shim.attach(None, streams)?;
    input
        .write_all(b"hello\n")
        .context("write to the container")?;
    let exit = ended.exit()?;
    println!("exit status {}, and the log says:", exit.code);
    container.logs()?;
    container.tidy();
    Ok(ExitCode::SUCCESS)
}

/// Starts a container by a program of its own, which ends at once; its steps are told
/// on, as if they had been made here.
fn start_apart(folder: &Path, words: &[&str]) -> Result<()> {
    let myself = std::env::current_exe().context("find this program")?;
    let mut starter = Command::new(myself);
    if steps::on() {
        starter.arg("--explain=json").stderr(Stdio::piped());
    }
    starter
        .arg("start")
        .arg(folder)
        .args(["-i", "--"])
        .args(words);
    let starter = starter.stdout(Stdio::inherit()).spawn();
    let ended = starter
        .and_then(Child::wait_with_output)
        .context("start the starter")?;
    let told = String::from_utf8_lossy(&ended.stderr);
    ensure!(
        ended.status.success(),
        "the starter failed: {}{told}",
        ended.status
    );
    for step in steps::parse_json_lines(&told)? {
        steps::announce(&step);
    }
    Ok(())
}
