//! `life`: one container through all verbs, and what can be seen of it after each.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use runtime::{Create, Exec};
use serde_json::json;
use workbench::{bench, steps};

use crate::bundle::{Made, config, name, wanted};

/// Takes a container through its life; `by_hand` says start without the verb.
pub(crate) fn life(by_hand: bool) -> Result<()> {
    let words = ["sleep", "1000"];
    let made = Made::new(&config(&words.map(str::to_owned)))?;
    let (states, bundle, id) = (made.states(), made.bundle(), name());
    let child = runtime::create(&Create {
        at_once: false,
        ..wanted(&id, &states, &bundle)
    })?;
    after("create", &states, &id)?;
    if by_hand {
        start_by_hand(&states.join(&id))?;
        after("one byte into the FIFO `start`", &states, &id)?;
    } else {
        runtime::start(&states, &id)?;
        after("start", &states, &id)?;
        exec(&states, &id)?;
    }
    runtime::kill(&states, &id, libc::SIGKILL, false)?;
    child.wait()?;
    after("kill", &states, &id)?;
    runtime::delete(&states, &id, false)?;
    println!(
        "delete\n   {} folders of states are left",
        fs::read_dir(&states)?.count()
    );
    Ok(())
}

/// What the verb does, but for writing it down. The ear is opened first: its other end
/// closes with the exec.
fn start_by_hand(folder: &Path) -> Result<()> {
    let mut ear = fs::File::open(folder.join("report")).context("open the report")?;
    fs::write(folder.join("start"), "0").context("write into the gate")?;
    let mut said = String::new();
    ear.read_to_string(&mut said).context("wait for the exec")?;
    ensure!(said.is_empty(), "{said}");
    Ok(())
}

fn after(verb: &str, states: &Path, id: &str) -> Result<()> {
    let state = runtime::state(states, id)?;
    let mut files: Vec<_> = fs::read_dir(states.join(id))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    files.sort();
    let shown = state.shown();
    let status = shown["status"].as_str().unwrap_or_default();
    let process = match shown["pid"].as_i64() {
        Some(0) | None => "no process".to_owned(),
        Some(pid) => format!("pid {pid}"),
    };
    println!("{verb}\n   status {status}, {process}");
    println!("   in its folder: {}", files.join(", "));
    if let Ok(name) = fs::read_to_string(format!("/proc/{}/comm", shown["pid"])) {
        println!("   the process is {}", name.trim_end());
    }
    Ok(())
}

/// A second process; the launcher joins for good, so it is a copy of the bench.
fn exec(states: &Path, id: &str) -> Result<()> {
    println!("exec");
    let process = json!({
        "args": ["sh", "-c", "echo \"   I am $$, and the first is $(cat /proc/1/comm)\""],
        "env": ["PATH=/usr/bin:/bin"],
        "cwd": "/",
        "user": { "uid": 0, "gid": 0 },
    });
    let process = serde_json::from_value(process).context("describe the process")?;
    let copy = chroot::process::fork(&chroot::process::How::default())?;
    let chroot::process::Forked::Parent(copy) = copy else {
        chroot::process::leave_after(|| {
            steps::role("launcher");
            let ended = runtime::exec_and_stay(&Exec {
                id,
                root: states,
                process: &process,
                console_socket: None,
                pid_file: None,
                preserve_fds: 0,
                sibling: false,
                cgroup: "",
                ignore_paused: false,
            });
            if let Err(error) = &ended {
                eprint!("{}", bench::told("ch09", error));
            }
            Ok(ended?.status())
        })
    };
    copy.wait()?;
    Ok(())
}
