//! The standard streams of a process: which ends it gets, and which the shim keeps.
//!
//! Pipes (pipe(7)) by default. For a terminal the process gets nothing here: it opens
//! one of its container's own, and the shim is sent the master; see [`Console`].

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chroot::process;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, pipe2};

use crate::protocol::Streams;
use crate::socket;

/// The shim's ends; none waits when it is read or written.
#[derive(Debug, Default)]
pub(crate) struct Ours {
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: Option<OwnedFd>,
    pub(crate) stderr: Option<OwnedFd>,
    /// The same as the other two, when they are a terminal's.
    pub(crate) terminal: Option<OwnedFd>,
}

/// The process's ends.
#[derive(Debug)]
pub(crate) struct Theirs {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

/// Pipes for the streams that are wanted, `/dev/null` for the others.
pub(crate) fn pipes(wanted: Streams) -> Result<(Ours, Theirs)> {
    let mut ours = Ours::default();
    let null = null()?;
    let end = |null: &File| null.as_fd().try_clone_to_owned().context("share /dev/null");
    let mut theirs = Theirs {
        stdin: end(&null)?,
        stdout: end(&null)?,
        stderr: end(&null)?,
    };
    if wanted.stdin {
        let (reading, writing) = pipe()?;
        (theirs.stdin, ours.stdin) = (reading, Some(unwaiting(writing)?));
    }
    if wanted.stdout {
        let (reading, writing) = pipe()?;
        (theirs.stdout, ours.stdout) = (writing, Some(unwaiting(reading)?));
    }
    if wanted.stderr {
        let (reading, writing) = pipe()?;
        (theirs.stderr, ours.stderr) = (writing, Some(unwaiting(reading)?));
    }
    Ok((ours, theirs))
}

impl Theirs {
    /// Makes these the standard streams of the calling process.
    pub(crate) fn adopt(&self) -> Result<()> {
        dup2_stdin(&self.stdin).context("take the standard input")?;
        dup2_stdout(&self.stdout).context("take the standard output")?;
        dup2_stderr(&self.stderr).context("take the standard error")
    }
}

/// Where a runtime sends the master of a terminal that it made.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) path: PathBuf,
    listener: UnixListener,
}

impl Console {
    /// Listens at `path`.
    pub(crate) fn listen(path: PathBuf) -> Result<Self> {
        let listener = socket::listen(&path)
            .with_context(|| format!("listen on {}", path.display()))?;
        listener
            .set_nonblocking(true)
            .context("never wait for a terminal")?;
        Ok(Self { path, listener })
    }

    /// The master that was sent. The runtime that did it has ended: it is there, or
    /// never will be.
    pub(crate) fn receive(self) -> Result<Ours> {
        let (stream, _) = self
            .listener
            .accept()
            .context("the runtime sent no terminal")?;
        stream
            .set_nonblocking(true)
            .context("never wait for a terminal")?;
        let master = process::receive_descriptor(stream.as_fd())?
            .context("the runtime sent something that is no terminal")?;
        let share = |fd: &OwnedFd| fd.try_clone().context("share the terminal");
        Ok(Ours {
            stdin: Some(share(&master)?),
            stdout: Some(share(&master)?),
            stderr: None,
            terminal: Some(unwaiting(master)?),
        })
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Turns the shim's own standard streams to where they hurt nobody: the report has
/// been read, and the daemon's pipes must not be held open by its containers.
pub(crate) fn let_go(complaints: &Path) -> Result<()> {
    let null = null()?;
    dup2_stdin(&null).context("let go of the standard input")?;
    dup2_stdout(&null).context("let go of the standard output")?;
    // A panic's last words should be somewhere.
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(complaints)
        .with_context(|| format!("open {}", complaints.display()))?;
    dup2_stderr(&file).context("let go of the standard error")
}

pub(crate) fn null() -> Result<File> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null");
    null.context("open /dev/null")
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    pipe2(OFlag::O_CLOEXEC).context("make a pipe")
}

/// The two ends of a pipe are two open files: the process's end keeps waiting.
fn unwaiting(fd: OwnedFd) -> Result<OwnedFd> {
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
        .context("never wait for a stream")?;
    Ok(fd)
}
