//! Spawning the daemon with the socket as its descriptor 3.
//!
//! posix_spawn(3) instead of fork: what happens in the child is data, done by libc.

use std::env;
use std::ffi::{CString, OsString};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::POSIX_SPAWN_SETSID;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::time::sleep;

use crate::client::Roots;

/// A log longer than this is begun anew.
const LONG_LOG: u64 = 1 << 20;

/// A daemon that we spawned.
#[derive(Debug)]
pub(super) struct Spawned {
    pid: Pid,
    /// Where its own words begin in the log.
    pub(super) log_before: u64,
}

impl Spawned {
    /// How it ended; `None` while it runs. It gets a moment to end: the socket's
    /// descriptor is closed before the process is done.
    pub(super) async fn status(&self) -> Option<String> {
        for _ in 0..50 {
            match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
                Ok(WaitStatus::Exited(_, code)) => {
                    return Some(format!("exit status {code}"));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Some(signal.as_str().to_owned());
                }
                Ok(_) | Err(_) => return Some("no child of ours".to_owned()),
            }
            sleep(Duration::from_millis(10)).await;
        }
        None
    }
}

/// A listening socket at `path`, for the owner and his group.
pub(super) fn listen(path: &Path) -> Result<UnixListener> {
    // bind(2) takes the mode from the umask; a chmod afterwards would come late.
    let before = umask(Mode::from_bits_truncate(0o117));
    let listener = UnixListener::bind(path);
    umask(before);
    listener.with_context(|| format!("listen on {}", path.display()))
}

/// Runs this executable as the daemon that accepts from `listener`.
pub(super) fn daemon(listener: UnixListener, roots: &Roots) -> Result<Spawned> {
    let log = roots.log();
    let log_before = prepare_log(&log)?;
    let arguments = [
        b"skiff".to_vec(),
        b"daemon".to_vec(),
        b"--self-started".to_vec(),
        b"--data-root".to_vec(),
        roots.data.as_os_str().as_bytes().to_vec(),
        b"--exec-root".to_vec(),
        roots.exec.as_os_str().as_bytes().to_vec(),
    ];
    let arguments: Vec<CString> = c_strings(arguments)?;
    let actions = streams(&listener, &log).context("describe the daemon's streams")?;
    let attributes = own_session().context("describe the daemon's session")?;
    let pid = posix_spawn(
        &myself(),
        &actions,
        &attributes,
        &arguments,
        &environment()?,
    )
    .context("spawn the daemon")?;
    Ok(Spawned { pid, log_before })
}

/// This executable, under the name that process lists show, if that still leads to it.
fn myself() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    let identity = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    env::current_exe()
        .ok()
        .filter(|path| identity(path) == identity(running))
        .unwrap_or_else(|| running.to_owned())
}

fn prepare_log(log: &Path) -> Result<u64> {
    let length = std::fs::metadata(log).map_or(0, |found| found.len());
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options.truncate(length > LONG_LOG);
    let log = options
        .open(log)
        .with_context(|| format!("open {}", log.display()))?;
    Ok(log.metadata().context("look at the daemon's log")?.len())
}

fn streams(listener: &UnixListener, log: &Path) -> Result<PosixSpawnFileActions, Errno> {
    let mut actions = PosixSpawnFileActions::init()?;
    // The socket first: a copy onto itself only takes its close-on-exec away.
    actions.add_dup2(listener.as_raw_fd(), 3)?;
    actions.add_open(0, c"/dev/null", OFlag::O_RDONLY, Mode::empty())?;
    let append = OFlag::O_WRONLY | OFlag::O_APPEND;
    actions.add_open(1, log, append, Mode::empty())?;
    actions.add_dup2(1, 2)?;
    // Whoever started us may have left a pipe or a terminal open in us. A number that
    // is closed by then (this list's own) does not matter to posix_spawn.
    for number in open_descriptors().filter(|number| *number > 3) {
        actions.add_close(number)?;
    }
    Ok(actions)
}

fn open_descriptors() -> impl Iterator<Item = RawFd> {
    let list = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    list.flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn own_session() -> Result<PosixSpawnAttr, Errno> {
    let mut attributes = PosixSpawnAttr::init()?;
    // nix has no name for glibc's flag; it passes the bits on.
    let flags = PosixSpawnFlags::from_bits_retain(POSIX_SPAWN_SETSID.into());
    attributes.set_flags(flags)?;
    Ok(attributes)
}

/// Our environment, and how many sockets the daemon finds from descriptor 3 on
/// (sd_listen_fds(3)).
fn environment() -> Result<Vec<CString>> {
    let inherited = env::vars_os().filter(|(name, _)| {
        !["LISTEN_FDS", "LISTEN_PID"].iter().any(|ours| name == ours)
    });
    let pair = |(name, value): (OsString, OsString)| {
        [name.into_vec(), value.into_vec()].join(&b'=')
    };
    c_strings(inherited.map(pair).chain([b"LISTEN_FDS=1".to_vec()]))
}

fn c_strings(texts: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<CString>> {
    let made = texts
        .into_iter()
        .map(CString::new)
        .collect::<Result<_, _>>();
    made.context("a path of the daemon has a zero byte")
}
