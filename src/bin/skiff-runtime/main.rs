//! skiff-runtime: the OCI runtime of chapter 9, with runc's command line.
//!
//! It is what `containerd`, `podman` and `docker` call in place of runc. Composition
//! only: what each verb does is in the `runtime` crate.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use runtime::Create;
use workbench::bench::{self, Explain};

/// An OCI runtime: from config.json to a process.
#[derive(Parser)]
#[command(name = "skiff-runtime", version, arg_required_else_help = true)]
struct Cli {
    /// The folder of the containers' states.
    #[arg(long, global = true, default_value_os_t = default_root())]
    root: PathBuf,
    /// Write errors to this file as well.
    #[arg(long, global = true)]
    log: Option<PathBuf>,
    /// The format of the log: text or json.
    #[arg(long, global = true, default_value = "text")]
    log_format: String,
    /// Show each system call: as a tree, or as JSON lines (--explain=json).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "tree")]
    explain: Option<Explain>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write a first config.json.
    Spec {
        /// The bundle's folder.
        #[arg(short, long, default_value = ".")]
        bundle: PathBuf,
        /// For a container of an ordinary user.
        #[arg(long)]
        rootless: bool,
    },
    /// Make a container; its program waits for start.
    Create(Make),
    /// Start what was created.
    Start {
        /// The container's name.
        id: String,
    },
    /// Show a container's state, as JSON.
    State {
        /// The container's name.
        id: String,
    },
    /// Send a signal to a container's first process.
    Kill {
        /// To all its processes.
        #[arg(short, long)]
        all: bool,
        /// The container's name.
        id: String,
        /// The signal's name or number.
        #[arg(default_value = "SIGTERM")]
        signal: String,
    },
    /// Take away what a stopped container left.
    Delete {
        /// Kill it first if it runs.
        #[arg(short, long)]
        force: bool,
        /// The container's name.
        id: String,
    },
    /// Create, start, wait and delete in one.
    Run(Make),
    /// List the containers.
    List {
        /// The format: table or json.
        #[arg(short, long, default_value = "table")]
        format: String,
        /// Only the names.
        #[arg(short, long)]
        quiet: bool,
    },
}

#[derive(Args)]
struct Make {
    /// The bundle's folder.
    #[arg(short, long, default_value = ".")]
    bundle: PathBuf,
    /// A socket that gets the terminal.
    #[arg(long)]
    console_socket: Option<PathBuf>,
    /// A file to write the first process's pid to.
    #[arg(long)]
    pid_file: Option<PathBuf>,
    /// How many descriptors after the standard ones the program inherits.
    #[arg(long, default_value_t = 0)]
    preserve_fds: u32,
    /// The container's name.
    id: String,
}

impl Make {
    fn asked<'a>(&'a self, root: &'a std::path::Path) -> Create<'a> {
        Create {
            id: &self.id,
            root,
            bundle: &self.bundle,
            console_socket: self.console_socket.as_deref(),
            pid_file: self.pid_file.as_deref(),
            preserve_fds: self.preserve_fds,
            sibling: false,
            at_once: false,
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let explain = cli.explain;
    let log = cli.log.clone().map(|path| (path, cli.log_format == "json"));
    bench::explained("skiff-runtime", explain, || {
        let answer = act(cli);
        if let (Err(error), Some((path, json))) = (&answer, log) {
            // The error itself is told by whoever called; a log that cannot be
            // written must not replace it.
            let _ = append(&path, &line(error, json));
        }
        answer
    })
}

fn act(cli: Cli) -> Result<ExitCode> {
    workbench::steps::role("launcher");
    let root = &cli.root;
    match cli.verb {
        Verb::Spec { bundle, rootless } => write_example(&bundle, rootless)?,
        Verb::Create(make) => drop(runtime::create(&make.asked(root))?),
        Verb::Start { id } => runtime::start(root, &id)?,
        Verb::State { id } => {
            let shown = runtime::state(root, &id)?.shown();
            println!("{}", serde_json::to_string_pretty(&shown)?);
        }
        Verb::Kill { all, id, signal } => {
            runtime::kill(root, &id, runtime::kill::parse_signal(&signal)?, all)?;
        }
        Verb::Delete { force, id } => match runtime::delete(root, &id, force) {
            // What is not there is deleted: with --force that is all that was asked.
            Err(_) if force && !root.join(&id).exists() => {}
            answer => answer?,
        },
        Verb::Run(make) => {
            let exit = runtime::run(&make.asked(root))?;
            return Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)));
        }
        Verb::List { format, quiet } => list(root, &format, quiet)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write_example(bundle: &std::path::Path, rootless: bool) -> Result<()> {
    let path = bundle.join("config.json");
    ensure!(
        !path.exists(),
        "File {} exists. Remove it first",
        path.display()
    );
    let text = serde_json::to_string_pretty(&runtime::spec::example(rootless))?;
    fs::write(&path, text + "\n").with_context(|| format!("write {}", path.display()))
}

fn list(root: &std::path::Path, format: &str, quiet: bool) -> Result<()> {
    let states = runtime::list(root)?;
    if quiet {
        states.iter().for_each(|state| println!("{}", state.id));
        return Ok(());
    }
    let shown: Vec<_> = states.iter().map(runtime::State::shown).collect();
    if format == "json" {
        println!("{}", serde_json::to_string(&shown)?);
        return Ok(());
    }
    ensure!(format == "table", "invalid format option {format:?}");
    let text = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let columns = ["id", "pid", "status", "bundle", "created", "owner"];
    let mut rows = vec![columns.map(str::to_uppercase).to_vec()];
    rows.extend(
        shown
            .iter()
            .map(|state| columns.map(|name| text(&state[name])).to_vec()),
    );
    let widths: Vec<_> = (0..columns.len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or(0)
                .max(9)
        })
        .collect();
    for row in rows {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", cells.join("   ").trim_end());
    }
    Ok(())
}

/// An error as a line of runc's log.
fn line(error: &anyhow::Error, json: bool) -> String {
    let told = format!("{error:#}");
    if json {
        let now = runtime::state::now();
        serde_json::json!({ "level": "error", "msg": told, "time": now }).to_string()
    } else {
        format!("level=error msg={told:?}")
    }
}

fn append(path: &std::path::Path, line: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    writeln!(file, "{line}")
}

/// `/run/skiff/runtime`, or below `$XDG_RUNTIME_DIR` for an ordinary user.
fn default_root() -> PathBuf {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match base {
        Some(base) if !runtime::state::caller_is_root() => base.join("skiff/runtime"),
        _ => PathBuf::from("/run/skiff/runtime"),
    }
}
