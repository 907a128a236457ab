//! The terminal of a container (pty(7)).
//!
//! It comes from the container's own devpts: so `ttyname` works inside, and the host's
//! `/dev/pts` knows nothing of it. The slave becomes the process's standard streams and
//! controlling terminal; the master is sent to whoever asked for the terminal.

use std::fs::OpenOptions;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result};
use chroot::process::send_descriptor;
use nix::fcntl::OFlag;
use nix::pty::{posix_openpt, ptsname_r, unlockpt};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use workbench::steps;

use crate::raw;

/// Both ends of a terminal.
#[derive(Debug)]
pub struct Console {
    /// The end that types and reads what is printed.
    pub master: OwnedFd,
    /// The end that the process has.
    pub slave: OwnedFd,
}

/// Opens a new terminal in the devpts that is mounted on `/dev/pts`.
///
/// # Errors
/// When none is mounted there.
pub fn open(size: Option<(u16, u16)>) -> Result<Console> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let why = "a terminal of the container's own devpts, not of the host's";
    let master = steps::step(9, format_args!("open(\"/dev/ptmx\")"), why, || {
        posix_openpt(flags)
    })
    .context("open /dev/ptmx")?;
    unlockpt(&master).context("unlock the terminal")?;
    let name = ptsname_r(&master).context("find the terminal's name")?;
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((OFlag::O_NOCTTY | OFlag::O_NOFOLLOW).bits())
        .open(&name)
        .with_context(|| format!("open the terminal {name}"))?;
    let master: OwnedFd = master.into();
    if let Some(size) = size {
        resize(master.as_fd(), size)?;
    }
    Ok(Console {
        master,
        slave: slave.into(),
    })
}

/// Sets the size of the terminal: rows and columns.
///
/// # Errors
/// When the descriptor is no terminal.
pub fn resize(terminal: BorrowedFd<'_>, size: (u16, u16)) -> Result<()> {
    raw::set_size(terminal, size).context("set the size of the terminal")
}

/// The size of the terminal, rows and columns; `None` when it is no terminal.
#[must_use]
pub fn size(terminal: BorrowedFd<'_>) -> Option<(u16, u16)> {
    raw::size(terminal).ok()
}

/// Makes the terminal this process's own: its session, its controlling terminal, and
/// its three standard streams.
///
/// # Errors
/// When the process leads a session already and it has a terminal.
pub fn adopt(slave: &OwnedFd) -> Result<()> {
    setsid().context("begin a session")?;
    let why = "Ctrl-C typed at the other end reaches this session";
    steps::step(9, format_args!("ioctl(slave, TIOCSCTTY)"), why, || {
        raw::make_controlling(slave.as_fd())
    })
    .context("make the terminal the controlling one")?;
    dup2_stdin(slave).context("take the terminal as standard input")?;
    dup2_stdout(slave).context("take the terminal as standard output")?;
    dup2_stderr(slave).context("take the terminal as standard error")
}

/// Sends a terminal's master to the socket at `path`, as runc does: one byte of data,
/// and the descriptor.
///
/// # Errors
/// When nobody listens there.
pub fn send_to(path: &Path, master: BorrowedFd<'_>) -> Result<()> {
    let socket = UnixStream::connect(path)
        .with_context(|| format!("connect to the console socket {}", path.display()))?;
    send_descriptor(socket.as_fd(), b"/dev/ptmx", master)
        .with_context(|| format!("send the terminal to {}", path.display()))
}
