//! The bench of chapter 9: a bundle, and the process that it becomes.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod bundle;
mod life;
mod moments;
mod times;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::Value;
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
    Run(bundle::Run),
    /// Print the config.json that `run` writes, a field a line.
    Config,
    /// Take one container through create, start, exec, kill and delete.
    Life {
        /// Let it go by a byte into its gate, and not by `start`.
        #[arg(long)]
        by_hand: bool,
    },
    /// Run a container with a hook at each of the six moments.
    Hooks {
        /// The moment whose hook fails.
        #[arg(long)]
        fail: Option<String>,
    },
    /// Say where the time of a start goes.
    Times {
        /// How many containers are started.
        #[arg(long, default_value_t = 20)]
        runs: u32,
    },
}

fn main() -> ExitCode {
    let protected = runtime::protect();
    let cli = Cli::parse();
    workbench::steps::role("launcher");
    bench::explained("ch09", cli.explain, || {
        protected?;
        let done = |result: Result<()>| result.map(|()| ExitCode::SUCCESS);
        let exit = match cli.verb {
            None => show()?,
            Some(Verb::Bundle { folder }) => bundle::run_bundle(&folder)?,
            Some(Verb::Run(asked)) => asked.run()?,
            Some(Verb::Config) => return done(print_config()),
            Some(Verb::Life { by_hand }) => return done(life::life(by_hand)),
            Some(Verb::Hooks { fail }) => return done(moments::table(fail.as_deref())),
            Some(Verb::Times { runs }) => return done(times::table(runs)),
        };
        Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
    })
}

/// What the bench shows: the namespaces that `config.json` asked for, seen from inside.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"my pid is $$\"; echo \"my name is $(uname -n)\"; \
     touch /etc/x 2>/dev/null || echo 'my root is read-only'",
];

fn show() -> Result<runtime::Exit> {
    let config = bundle::config(&SHOW.map(str::to_owned));
    println!("config.json asks for {}", asked(&config));
    bundle::run_bundle(&bundle::Made::new(&config)?.bundle())
}

/// The file as `--set` speaks of it: a field a line.
fn print_config() -> Result<()> {
    print_fields("", &bundle::config(&["sh".to_owned()]));
    Ok(())
}

fn print_fields(name: &str, value: &Value) {
    let below = |part: &str| match name {
        "" => part.to_owned(),
        _ => format!("{name}.{part}"),
    };
    match value {
        Value::Object(fields) if name.is_empty() || value.to_string().len() > 130 => {
            for (part, value) in fields {
                print_fields(&below(part), value);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (n, value) in list.iter().enumerate() {
                println!("{name}.{n}={value}");
            }
        }
        _ => println!("{name}={value}"),
    }
}

fn asked(config: &Value) -> String {
    let kinds = config["linux"]["namespaces"]
        .as_array()
        .into_iter()
        .flatten();
    let names: Vec<_> = kinds.filter_map(|kind| kind["type"].as_str()).collect();
    names.join(", ")
}
