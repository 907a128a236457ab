//! The bench of chapter 9: a bundle, and the process that it becomes.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::toolbox;
use clap::{Parser, Subcommand};
use runtime::Create;
use serde_json::{Value, json};
use workbench::bench::{self, Explain};

/// Chapter 9, the OCI runtime: from config.json to a process, without sudo.
#[derive(Parser)]
#[command(name = "ch09")]
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
    /// Run a bundle in the foreground.
    Bundle {
        /// The bundle's folder.
        folder: PathBuf,
    },
    /// Make a bundle of the host's programs, and run a command in it.
    Run {
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let protected = runtime::protect();
    let cli = Cli::parse();
    workbench::steps::role("launcher");
    bench::explained("ch09", cli.explain, || {
        protected?;
        match cli.verb {
            None => run(&SHOW.map(str::to_owned), true),
            Some(Verb::Bundle { folder }) => run_bundle(&folder),
            Some(Verb::Run { command }) => run(&command, false),
        }
    })
}

/// What the bench shows: the namespaces that `config.json` asked for, seen from inside.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"my pid is $$\"; echo \"my name is $(uname -n)\"; \
     touch /etc/x 2>/dev/null || echo 'my root is read-only'",
];

fn run(command: &[String], shown: bool) -> Result<ExitCode> {
    let bundle = bench::scratch()?;
    let rootfs = bundle.path().join("rootfs");
    fs::create_dir(&rootfs).context("make the root filesystem's folder")?;
    toolbox::write(&toolbox::of_host()?, &rootfs)?;
    let config = config(command);
    if shown {
        println!("config.json asks for {}", asked(&config));
    }
    fs::write(bundle.path().join("config.json"), config.to_string())
        .context("write config.json")?;
    run_bundle(bundle.path())
}

/// The first config.json of an ordinary user's container, with another command.
fn config(command: &[String]) -> Value {
    let mut config = runtime::spec::example(true);
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(command);
    config
}

fn asked(config: &Value) -> String {
    let kinds = config["linux"]["namespaces"]
        .as_array()
        .into_iter()
        .flatten();
    let names: Vec<_> = kinds.filter_map(|kind| kind["type"].as_str()).collect();
    names.join(", ")
}

fn run_bundle(folder: &Path) -> Result<ExitCode> {
    let states = bench::scratch()?;
    let what = Create {
        id: "bench",
        root: states.path(),
        bundle: folder,
        console_socket: None,
        pid_file: None,
        preserve_fds: 0,
        no_pivot: false,
        no_new_keyring: false,
        sibling: false,
        at_once: true,
    };
    let (exit, _) = runtime::run(&what, false)?;
    Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
}
