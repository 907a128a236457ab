//! The bench of chapter 2: a process in namespaces of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use chroot::process::{self, Child};
use chroot::{root, toolbox};
use clap::{Parser, Subcommand};
use namespaces::{Launch, Namespace, Namespaces, identity, launch};
use workbench::bench::{self, Explain};
use workbench::user;

/// Chapter 2, namespaces: a process with a name, pids and clocks of its own.
#[derive(Parser)]
#[command(name = "ch02")]
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
    /// Run a program in another root and in namespaces of its own.
    Run {
        /// The folder that becomes the root (by default: the host's programs).
        #[arg(long)]
        root: Option<PathBuf>,
        /// The host name in there.
        #[arg(long, default_value = "chapter2")]
        hostname: String,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch02", cli.explain, || match cli.verb {
        None => run(None, "chapter2", &SHOW.map(str::to_owned)),
        Some(Verb::Run {
            root,
            hostname,
            command,
        }) => run(root.as_deref(), &hostname, &command),
    })
}

/// What the bench shows: a name and a pid that only this process has.
const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"my name is $(uname -n)\"; echo \"my pid is $$: the first\"",
];

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn run(folder: Option<&Path>, hostname: &str, command: &[String]) -> Result<ExitCode> {
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
    let plan = Launch {
        namespaces: wanted(),
        role: "init",
        ..Launch::default()
    };
    let mut nothing_to_prepare = |_: &Child| Ok(());
    let child = launch(&plan, &mut nothing_to_prepare, |helm| {
        identity::set_host_name(hostname)?;
        root::enter(folder)?;
        let program = process::find(&command[0], PATH)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    Ok(ExitCode::from(
        u8::try_from(child.wait()?.status()).unwrap_or(255),
    ))
}

/// All that needs no further setting up; mounts and networks have their chapters.
fn wanted() -> Namespaces {
    [
        Namespace::Uts,
        Namespace::Pid,
        Namespace::Ipc,
        Namespace::Cgroup,
    ]
    .into_iter()
    .collect()
}
