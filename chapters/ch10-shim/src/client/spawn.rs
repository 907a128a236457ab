//! Starting a shim, and hearing whether it brought its container up.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};

use super::Error;
use crate::BUILD;
use crate::config::{Config, Folder};
use crate::protocol::{Ready, Report};

/// The program that becomes the shim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(PathBuf);

/// The name by which a program of several talents knows that it is to be a shim.
const NAME: &str = "skiff-shim";

impl Program {
    /// `skiff-shim` beside the caller's executable, if it was built from the same
    /// sources; else the caller's own, which must know the name `skiff-shim`.
    ///
    /// The small program is to be preferred: there is one for each container, and what a
    /// program writes at its start (where it is linked dynamically, the addresses of all
    /// that it refers to) is each one's own. Looks once; keep the answer.
    #[must_use]
    pub fn find() -> Self {
        let beside = std::env::current_exe()
            .ok()
            .map(|executable| executable.with_file_name(NAME))
            .filter(|program| same_build(program));
        Self(beside.unwrap_or_else(|| PathBuf::from("/proc/self/exe")))
    }

    /// The program at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

/// Asks a shim's program which sources it was built from.
fn same_build(program: &Path) -> bool {
    let answer = Command::new(program)
        .arg("--build")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    answer.is_ok_and(|answer| answer.stdout.trim_ascii() == BUILD.as_bytes())
}

/// Starts a shim in `folder` and waits until its container is created.
///
/// `steps` is where shim, launcher and container announce their system calls (a sender
/// of [`workbench::steps::channel`]); they have closed it when the container has
/// started or failed. An exit file of an earlier run is removed.
///
/// # Errors
/// [`Error::Refused`] with the shim's own account when the container could not be made:
/// then nothing of it is left.
// ANCHOR: spawn
pub fn spawn(
    program: &Program,
    folder: &Folder,
    config: &Config,
    steps: Option<OwnedFd>,
) -> Result<Ready, Error> {
    // How it ended last time is no longer how it is.
    match std::fs::remove_file(&config.exit_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(anyhow!(error).context("remove the old exit file").into());
        }
        _ => {}
    }
    let path = folder.config();
    let text = serde_json::to_vec_pretty(config).context("write the configuration")?;
    workbench::files::write_atomic(&path, &text, false)?;
    let mut command = Command::new(&program.0);
    command.arg0(NAME).arg("--config").arg(&path);
    if steps.is_some() {
        command.arg("--explain");
    }
    // Standard input is the one descriptor that can be handed on without a moment in
    // which another thread's child would inherit it too.
    command
        .stdin(steps.map_or_else(Stdio::null, Stdio::from))
        .stdout(Stdio::piped());
    let mut started = command
        .spawn()
        .with_context(|| format!("start the shim {}", program.0.display()))?;
    // Its end of the pipe must not outlive the command: the report would never end.
    drop(command);
    let report = started.stdout.take().map(read_report);
    // What was started detaches its child and ends.
    let ended = started.wait().context("wait for the shim to detach")?;
    match report {
        Some(Ok(Report::Ready { ready })) => Ok(ready),
        Some(Ok(Report::Failed(refusal))) => Err(Error::Refused(refusal)),
        Some(Err(error)) => Err(Error::Other(error.context(format!("start ({ended})")))),
        None => Err(Error::Gone),
    }
}
// ANCHOR_END: spawn

fn read_report(pipe: impl Read) -> anyhow::Result<Report> {
    let mut line = String::new();
    let length = BufReader::new(pipe)
        .read_line(&mut line)
        .context("read the shim's report")?;
    if length == 0 {
        return Err(anyhow!("the shim ended without a report"));
    }
    serde_json::from_str(&line).with_context(|| format!("understand the report {line}"))
}
