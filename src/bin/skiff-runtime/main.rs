//! skiff-runtime: the OCI runtime of chapter 9, with runc's command line.
//!
//! It is what `containerd`, `podman` and `docker` call in place of runc. Composition
//! only: what each verb does is in the `runtime` crate.

#![expect(clippy::print_stdout, reason = "a program prints")]

#[cfg(begins_early)]
mod begin;
mod events;
mod flags;
mod grammar;
mod log;
mod process;
mod resources;
mod tables;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use flags::{Cli, Delete, Join, Kill, Verb};
use log::Log;
use resources::Change;
use runtime::{Create, Exec, Exit};
use workbench::bench;

/// The verbs whose processes are, for a moment, this program in the container.
const MAKING: [&str; 3] = ["create", "run", "exec"];

fn main() -> ExitCode {
    // First of all: what follows would be done twice.
    let making = std::env::args_os().any(|word| MAKING.iter().any(|verb| word == *verb));
    let protected = if making { runtime::protect() } else { Ok(()) };
    let cli = grammar::parse();
    let common = &cli.common;
    let explain = common.explain.clone();
    let log = common.log.as_deref();
    let mut log = log.map(|path| Log::at(path, common.log_format == "json"));
    // 1 could be the exit status of the process that exec was to run.
    let of_error = if matches!(cli.verb, Verb::Exec(_)) {
        255
    } else {
        1
    };
    let mut failed = false;
    let code = bench::explained("skiff-runtime", explain, || {
        // A caller who will look there for the reason must know that there is no log.
        let answer = log.take().transpose().and_then(|log| {
            let answer = protected.and_then(|()| act(cli));
            if let (Err(error), Some(log)) = (&answer, log) {
                log.tell(error);
            }
            answer
        });
        failed = answer.is_err();
        answer
    });
    if failed { of_error.into() } else { code }
}

fn act(cli: Cli) -> Result<ExitCode> {
    workbench::steps::role("launcher");
    let (root, systemd) = (&cli.common.root, cli.common.systemd_cgroup);
    match cli.verb {
        Verb::Spec { bundle, rootless } => write_example(&bundle, rootless)?,
        Verb::Create(make) => drop(runtime::create(&make.asked(root, systemd))?),
        Verb::Start(it) => runtime::start(root, &it.id)?,
        Verb::State(it) => {
            let shown = runtime::state(root, &it.id)?.shown();
            println!("{}", serde_json::to_string_pretty(&shown)?);
        }
        Verb::Kill(Kill { all, id, signal }) => {
            runtime::kill(root, &id, runtime::kill::parse_signal(&signal)?, all)?;
        }
        Verb::Delete(Delete { force, id }) => {
            warn_all(&runtime::delete(root, &id, force)?);
        }
        Verb::Run(it) => return run(&it.make.asked(root, systemd), it.detach, it.keep),
        Verb::Exec(join) => return exec(&join, root),
        Verb::List { format, quiet } => list(root, &format, quiet)?,
        Verb::Ps { format, id, words } => ps(root, &id, &format, &words)?,
        Verb::Pause(it) => runtime::pause(root, &it.id)?,
        Verb::Resume(it) => runtime::resume(root, &it.id)?,
        Verb::Update(change) => update(&change, root)?,
        Verb::Events {
            interval,
            stats,
            id,
        } => events::tell(root, &id, &interval, stats)?,
        Verb::Features => {
            let features = runtime::features::features();
            println!("{}", serde_json::to_string_pretty(&features)?);
        }
        Verb::Init { words } => match runtime::init(&words)? {},
    }
    Ok(ExitCode::SUCCESS)
}

fn run(what: &Create<'_>, detach: bool, keep: bool) -> Result<ExitCode> {
    if detach {
        runtime::create(&Create {
            at_once: true,
            ..*what
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let (exit, warnings) = runtime::run(what, keep)?;
    warn_all(&warnings);
    Ok(code(exit))
}

/// Tells of what hinders nothing.
fn warn(warning: &str) {
    eprintln!("skiff-runtime: warning: {warning}");
}

/// What went wrong after the end, when nothing could be stopped any more.
fn warn_all(warnings: &[anyhow::Error]) {
    warnings.iter().for_each(|it| warn(&format!("{it:#}")));
}

fn exec(join: &Join, root: &Path) -> Result<ExitCode> {
    let process = runtime::spec::process(process::asked(join, root)?, warn)?;
    let what = Exec {
        id: &join.id,
        root,
        process: &process,
        console_socket: join.console_socket.as_deref(),
        pid_file: join.pid_file.as_deref(),
        preserve_fds: join.preserve_fds,
        sibling: false,
        cgroup: &join.cgroup,
        ignore_paused: join.ignore_paused,
    };
    if join.detach {
        runtime::exec(&what).context("exec failed")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(code(runtime::exec_and_stay(&what).context("exec failed")?))
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(u8::try_from(exit.status()).unwrap_or(255))
}

fn update(change: &Change, root: &Path) -> Result<()> {
    let resources = serde_json::from_value(resources::asked(change)?)
        .context("understand the limits")?;
    runtime::update(root, &change.id, &resources)
}

fn write_example(bundle: &Path, rootless: bool) -> Result<()> {
    let path = bundle.join("config.json");
    ensure!(
        !path.exists(),
        "File {} exists. Remove it first",
        path.display()
    );
    let text = serde_json::to_string_pretty(&runtime::spec::example(rootless))?;
    fs::write(&path, text + "\n").with_context(|| format!("write {}", path.display()))
}

fn list(root: &Path, format: &str, quiet: bool) -> Result<()> {
    let states = runtime::list(root)?;
    if quiet {
        states.iter().for_each(|state| println!("{}", state.id));
    } else if format == "json" {
        let shown: Vec<_> = states.iter().map(runtime::State::shown).collect();
        println!("{}", serde_json::to_string(&shown)?);
    } else {
        print!("{}", tables::list(&states));
    }
    Ok(())
}

fn ps(root: &Path, id: &str, format: &str, words: &[String]) -> Result<()> {
    let pids = runtime::ps(root, id)?;
    let pids: Vec<i32> = pids.into_iter().map(Into::into).collect();
    if format == "json" {
        println!("{}", serde_json::to_string(&pids)?);
    } else {
        print!("{}", tables::ps(&pids, words)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn options_come_before_and_after_the_id() {
        for line in [
            "--root /r create --bundle /b --pid-file /p web",
            "create web --bundle /b --pid-file /p --root /r",
        ] {
            let words = ["skiff-runtime"].into_iter().chain(line.split(' '));
            let cli = Cli::try_parse_from(words).unwrap();
            let Verb::Create(make) = cli.verb else {
                panic!("create");
            };
            let what = make.asked(&cli.common.root, false);
            assert_eq!((what.id, what.root), ("web", Path::new("/r")));
            assert_eq!(
                (what.bundle, what.pid_file),
                (Path::new("/b"), Some(Path::new("/p")))
            );
        }
    }
}
