//! The bench of chapter 11: a daemon, and what is said to it.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod conversation;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use conversation::{Daemon, Request};
use engine::server::{DaemonOptions, serve};
use workbench::bench::{self, Explain};

/// Chapter 11, the engine: a daemon on a socket, and the HTTP spoken with it, without
/// sudo.
#[derive(Parser)]
#[command(name = "ch11")]
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
    /// Be the daemon of two folders, in the foreground.
    Daemon {
        /// What lasts: images, containers, volumes.
        #[arg(long)]
        data_root: PathBuf,
        /// What ends with this boot: the socket, shims.
        #[arg(long)]
        exec_root: PathBuf,
        /// End after so many seconds with nobody asking and no container running.
        #[arg(long, value_name = "SECS")]
        idle_exit: Option<u64>,
    },
    /// Run a command in a container of a daemon for just this, and show its output.
    Run {
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
    /// Send one request to a daemon, and show the answer.
    Ask {
        /// Its socket.
        socket: PathBuf,
        /// Like GET.
        method: String,
        /// Like /containers/json?all=1
        path: String,
        /// JSON.
        body: Option<String>,
    },
}

fn main() -> ExitCode {
    // The daemon starts its own executable under this name for every container.
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_default();
    if Path::new(&name).file_name() == Some(OsStr::new("skiff-shim")) {
        return shim(words);
    }
    let cli = Cli::parse();
    let explain = cli.explain.is_some();
    bench::explained("ch11", cli.explain, || match cli.verb {
        None => show(explain, &["sh", "-c", "echo hello from $(hostname)"]),
        Some(Verb::Run { command }) => {
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            show(explain, &words)
        }
        Some(Verb::Daemon {
            data_root,
            exec_root,
            idle_exit,
        }) => serve(&DaemonOptions {
            data_root,
            exec_root,
            hosts: Vec::new(),
            idle_exit: idle_exit.map(Duration::from_secs),
            self_started: false,
        })
        .map(|()| ExitCode::SUCCESS),
        Some(Verb::Ask {
            socket,
            method,
            path,
            body,
        }) => {
            let request = Request::new(&method, &path, body.as_deref());
            request.send(&socket, false)?.print();
            Ok(ExitCode::SUCCESS)
        }
    })
}

fn shim(words: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    match shim::main(words) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("skiff-shim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A container's whole life, as a client and a daemon speak of it.
fn show(explain: bool, command: &[&str]) -> Result<ExitCode> {
    let folder = bench::scratch()?;
    let daemon = Daemon::start(folder.path())?;
    let say = |method: &str, path: &str, body: Option<&str>| {
        let request = Request::new(method, path, body);
        request.print();
        let answer = request.send(&daemon.socket(), explain)?;
        answer.print();
        Ok::<_, anyhow::Error>(answer)
    };
    say("GET", "/_ping", None)?;
    let create = serde_json::json!({ "Image": "toolbox", "Cmd": command }).to_string();
    let created = say("POST", "/v1.51/containers/create?name=boat", Some(&create))?;
    created.check().context("create a container")?;
    say("POST", "/v1.51/containers/boat/start", None)?.check()?;
    let waited = say("POST", "/v1.51/containers/boat/wait", None)?;
    say("GET", "/v1.51/containers/boat/logs?stdout=1&stderr=1", None)?;
    say("DELETE", "/v1.51/containers/boat", None)?;
    if explain {
        let steps = Request::new("GET", "/skiff/steps/bench", None);
        let steps = steps.send(&daemon.socket(), false)?.body();
        for step in workbench::steps::parse_json_lines(&steps)? {
            // Told on, as if it had been made here.
            workbench::steps::announce(&step);
        }
    }
    daemon.stop()?;
    let status: serde_json::Value = serde_json::from_str(&waited.body())?;
    let code = status["StatusCode"]
        .as_u64()
        .and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
