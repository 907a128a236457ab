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

use anyhow::{Context, Result, ensure};
use chroot::process::send_descriptor;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{fstat, major, minor};
use nix::sys::statfs::{FsType, fstatfs};
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

/// The magic number of devpts (statfs(2)), and the device that makes terminals.
pub(crate) const DEVPTS: FsType = FsType(0x1cd1);
const PTMX: (u64, u64) = (5, 2);

/// Opens a new terminal in the devpts that is mounted on `/dev/pts`.
///
/// That folder is the container's, which may have put anything there: so what is opened
/// is looked at before it is believed, and the other end is asked of the terminal, not
/// found by its name (CVE-2025-52565).
///
/// # Errors
/// When none is mounted there.
// ANCHOR: open
pub fn open(size: Option<(u16, u16)>) -> Result<Console> {
    let flags = OFlag::O_NOCTTY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let why = "a terminal of the container's own devpts, not of the host's";
    let call = format_args!("open(\"/dev/pts/ptmx\")");
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flags.bits());
    let master = steps::step(9, call, why, || options.open("/dev/pts/ptmx"))
        .context("open /dev/pts/ptmx")?;
    let number = fstat(&master).context("look at /dev/pts/ptmx")?.st_rdev;
    let system = fstatfs(&master).context("look at /dev/pts/ptmx")?;
    ensure!(
        (major(number), minor(number)) == PTMX && system.filesystem_type() == DEVPTS,
        "/dev/pts/ptmx is not what makes terminals"
    );
    fcntl(&master, FcntlArg::F_SETFL(OFlag::O_RDWR)).context("let reads wait")?;
    let why = "the other end, by the terminal itself: a name could be exchanged";
    let call = format_args!("ioctl(master, TIOCGPTPEER)");
    let slave = steps::step(9, call, why, || raw::peer(master.as_fd()))
        .context("open the other end of the terminal")?;
    let console = Console {
        master: master.into(),
        slave,
    };
    if let Some(size) = size {
        resize(console.master.as_fd(), size)?;
    }
    Ok(console)
}
// ANCHOR_END: open

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
