//! The bench of chapter 3: a process with a root and mounts of its own.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::toolbox;
use clap::{Args, Parser, Subcommand};
use mounts::Mount;
use namespaces::{Launch, Namespace, Namespaces, identity, launch};
use workbench::bench::{self, Explain};
use workbench::user;

/// Chapter 3, mounts: a process whose file systems are its own, without sudo.
#[derive(Parser)]
#[command(name = "ch03")]
struct Cli {
    /// Show each system call: as a tree, or as JSON lines (--explain=json).
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
}

#[derive(Args, Default)]
struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// Bind a file or folder of the host: SOURCE:TARGET[:OPTION,…].
    #[arg(short, long)]
    volume: Vec<String>,
    /// Mount an empty tmpfs: TARGET[:OPTION,…].
    #[arg(long)]
    tmpfs: Vec<String>,
    /// Make the root read-only.
    #[arg(long)]
    read_only: bool,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch03", cli.explain, || match cli.verb {
        None => run(&Run {
            command: SHOW.map(str::to_owned).into(),
            ..Run::default()
        }),
        Some(Verb::Run(asked)) => run(&asked),
        Some(Verb::Table) => table(),
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

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn run(asked: &Run) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = match &asked.root {
        Some(folder) => folder,
        None => {
            toolbox::write(&toolbox::of_host()?, scratch.path())?;
            scratch.path()
        }
    };
    let plan = plan(asked, nix::unistd::geteuid().is_root())?;
    user::borrow_root()?;
    let args = process::strings(&asked.command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let what = Launch {
        namespaces: wanted(),
        role: "init",
        ..Launch::default()
    };
    let mut nothing_to_prepare = |_: &Child| Ok(());
    let child = launch(&what, &mut nothing_to_prepare, |helm| {
        identity::set_host_name("chapter3")?;
        mounts::furnish(folder, &plan, asked.read_only)?;
        let program = process::find(&asked.command[0], PATH)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    Ok(ExitCode::from(
        u8::try_from(child.wait()?.status()).unwrap_or(255),
    ))
}

fn plan(asked: &Run, root: bool) -> Result<Vec<Mount>> {
    let mut plan = if root {
        mounts::usual()
    } else {
        mounts::usual_for_one_id()
    };
    let words = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
    for volume in &asked.volume {
        let mut parts = volume.splitn(3, ':');
        let source = parts.next().map(PathBuf::from);
        let target = parts
            .next()
            .context("a volume is SOURCE:TARGET[:OPTION,…]")?
            .into();
        let options = [
            vec!["rbind".to_owned()],
            parts.next().map(words).unwrap_or_default(),
        ];
        plan.push(Mount {
            source,
            target,
            fstype: None,
            options: options.concat(),
        });
    }
    for tmpfs in &asked.tmpfs {
        let (target, options) = tmpfs.split_once(':').unwrap_or((tmpfs, ""));
        plan.push(Mount {
            source: None,
            target: target.into(),
            fstype: Some("tmpfs".to_owned()),
            options: words(options),
        });
    }
    Ok(plan)
}

fn wanted() -> Namespaces {
    use Namespace::{Cgroup, Ipc, Mount, Pid, Uts};
    [Mount, Uts, Pid, Ipc, Cgroup].into_iter().collect()
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
