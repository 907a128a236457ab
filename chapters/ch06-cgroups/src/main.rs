//! The bench of chapter 6: limits that bite, and counters that tell of it.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cgroups::{Cgroup, Limits, layout};
use chroot::process::{self, Child, Exit};
use clap::{Args, Parser, Subcommand};
use namespaces::{Launch, launch};
use workbench::bench::{self, Explain};
use workbench::diagnosis;

/// Chapter 6, control groups: how much a process may have, and how much it has had.
#[derive(Parser)]
#[command(name = "ch06")]
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
    /// Show the cgroup trees of this machine.
    Layout,
    /// Run a program in a control group of its own.
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// Bytes of memory.
    #[arg(long)]
    memory: Option<i64>,
    /// Processes and threads.
    #[arg(long)]
    pids: Option<i64>,
    /// Processors, also in parts, like 0.5.
    #[arg(long)]
    cpus: Option<f64>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch06", cli.explain, || match cli.verb {
        None => show(),
        Some(Verb::Layout) => Ok(trees()),
        Some(Verb::Run(run)) => {
            let limits = Limits {
                memory: run.memory,
                memory_swap: run.memory,
                pids: run.pids,
                cpu_period: run.cpus.map(|_| PERIOD),
                cpu_quota: run.cpus.map(|cpus| (cpus * PERIOD as f64) as i64),
                ..Limits::default()
            };
            let exit = within(&limits, &run.command)?;
            Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
        }
    })
}

/// Microseconds: what the kernel takes when it is not told.
const PERIOD: u64 = 100_000;

fn trees() -> ExitCode {
    println!("{:?}", layout());
    for tree in layout::trees() {
        let controllers = tree.controllers.join(" ");
        println!("{:?} {} {controllers}", tree.version, tree.mount.display());
    }
    ExitCode::SUCCESS
}

fn show() -> Result<ExitCode> {
    println!("at most 16 MB of memory, and a program that wants all there is:");
    let memory = Limits {
        memory: Some(16 << 20),
        memory_swap: Some(16 << 20),
        ..Limits::default()
    };
    within(&memory, &["tail".to_owned(), "/dev/zero".to_owned()])?;
    println!("at most 4 processes, and a shell that starts ten:");
    let pids = Limits {
        pids: Some(4),
        ..Limits::default()
    };
    let script = "for n in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & echo \"child $n\"; done";
    within(
        &pids,
        &["sh".to_owned(), "-c".to_owned(), script.to_owned()],
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a program within limits; says how it ended and what the group counted.
fn within(limits: &Limits, command: &[String]) -> Result<Exit> {
    let cgroup = Cgroup::create(&format!("/skiff-ch06/{}", std::process::id()), limits)?;
    let told = run(&cgroup, command);
    // Whatever happened: nothing of it stays, neither processes nor folders.
    cgroup.delete()?;
    cgroups::remove_parent_if_empty("/skiff-ch06")?;
    told
}

fn run(cgroup: &Cgroup, command: &[String]) -> Result<Exit> {
    if cgroup.is_nowhere() {
        let why = cgroup.missing().first().map_or("?", String::as_str);
        let error = anyhow::anyhow!("no cgroup can be made: {why}");
        return Err(diagnosis::with_hint(
            error,
            "the trees are root's; run it with sudo",
        ));
    }
    if let [first, ..] = cgroup.missing() {
        bail!("a limit cannot be had: {first}");
    }
    let folder = cgroup.unified_fd();
    let what = Launch {
        cgroup: folder.as_ref().map(AsFd::as_fd),
        role: "init",
        ..Launch::default()
    };
    let entrance = cgroup.entrance()?;
    let child = launch(&what, &mut |_: &Child| Ok(()), |helm| {
        entrance.enter()?;
        let path = std::env::var("PATH").unwrap_or_default();
        let program = process::find(&command[0], &path)?;
        let args = process::strings(command)?;
        let env: Vec<_> = std::env::vars().map(|(n, v)| format!("{n}={v}")).collect();
        let env = process::strings(&env)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    let exit = child.wait().context("wait for the program")?;
    let (stats, events) = (cgroup.stats(), cgroup.memory_events());
    println!(
        "  {exit:?}: {} ms of processor, at most {} KB of memory, {} processes left, \
         {} killed for memory",
        stats.cpu.total / 1_000_000,
        stats.memory.peak / 1024,
        stats.pids,
        events.oom_kill,
    );
    Ok(exit)
}
