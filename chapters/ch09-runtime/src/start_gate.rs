//! Where a created container waits for `start`: two FIFOs (fifo(7)).
//!
//! ```text
//! container                      start
//! opens both, for reading        opens `report` for reading, without waiting
//! and writing, so that no        opens `start` for writing, without waiting:
//! open ever waits                    ENXIO means that nobody is behind it
//! reads `start` … ◀── one byte ──
//! execve ── end of file ───────▶ it runs
//!   or tells why not ──────────▶ the error of `start`
//! ```
//!
//! The container holds its ends from before it changes its root, and both are
//! close-on-exec: so it needs no /proc to find them again, and no end outlives exec.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use chroot::process::{report, reported};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use workbench::steps;

/// The container's side of the gate.
#[derive(Debug)]
pub struct Gate {
    start: File,
    report: File,
}

/// Makes the gate in a container's state folder.
///
/// # Errors
/// When one is there already.
pub fn make(state: &Path) -> Result<()> {
    for name in ["start", "report"] {
        let path = state.join(name);
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)
            .with_context(|| format!("make the FIFO {}", path.display()))?;
    }
    Ok(())
}

impl Gate {
    /// Opens the container's side, without waiting.
    ///
    /// # Errors
    /// When the FIFOs are gone.
    pub fn open(state: &Path) -> Result<Self> {
        let open = |name: &str| {
            let path = state.join(name);
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .with_context(|| format!("open the FIFO {}", path.display()))
        };
        Ok(Self {
            start: open("start")?,
            report: open("report")?,
        })
    }

    /// Waits until somebody says `start`.
    ///
    /// # Errors
    /// When read(2) refuses.
    pub fn wait(&mut self) -> Result<()> {
        let why = "created: all is set up, and nothing has run yet";
        let mut word = [0_u8];
        let start = &mut self.start;
        steps::step(9, format_args!("read(start FIFO)"), why, || {
            start.read_exact(&mut word)
        })
        .context("wait for the start")
    }

    /// Tells whoever started the container why its program does not run.
    pub fn failed(mut self, error: &anyhow::Error) {
        let _ = self.report.write_all(report(error).as_bytes());
    }
}

/// Starts what waits behind the gate in `state`; returns when its program runs, or
/// `false` when nobody waits there.
///
/// # Errors
/// When the program could not be executed.
pub fn open_for_start(state: &Path) -> Result<bool> {
    let path = state.join("report");
    // First the report: its writer may be gone a moment after the word is given.
    let mut ear = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&path)
        .with_context(|| format!("open the FIFO {}", path.display()))?;
    let mut mouth = match OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(state.join("start"))
    {
        Ok(mouth) => mouth,
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
            return Ok(false);
        }
        Err(error) => return Err(error).context("open the start FIFO"),
    };
    mouth.write_all(b"0").context("give the word to start")?;
    let text = read_to_end(&mut ear)?;
    if text.is_empty() {
        Ok(true)
    } else {
        Err(reported(&text))
    }
}

fn read_to_end(ear: &mut File) -> Result<String> {
    let mut text = Vec::new();
    loop {
        let mut ready = [PollFd::new(ear.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("wait for the exec"),
        }
        let mut part = [0_u8; 4096];
        match ear.read(&mut part) {
            Ok(0) => return Ok(String::from_utf8_lossy(&text).into_owned()),
            Ok(length) => text.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("read the report of the exec"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_with_nobody_behind_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).unwrap();
        assert!(!open_for_start(folder.path()).unwrap());
    }

    #[test]
    fn the_word_passes_and_the_end_of_file_is_success() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).unwrap();
        let mut gate = Gate::open(folder.path()).unwrap();
        let waiter = std::thread::spawn(move || gate.wait().map(|()| drop(gate)));
        assert!(open_for_start(folder.path()).unwrap());
        waiter.join().unwrap().unwrap();
    }

    #[test]
    fn a_failed_exec_is_the_error_of_start() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).unwrap();
        let mut gate = Gate::open(folder.path()).unwrap();
        let waiter = std::thread::spawn(move || {
            gate.wait().unwrap();
            gate.failed(&anyhow::anyhow!("exec /x: exec format error"));
        });
        let error = open_for_start(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "exec /x: exec format error");
        waiter.join().unwrap();
    }
}
