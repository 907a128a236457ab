//! The socket: handed over by whoever started us (sd_listen_fds(3)), or our own.

use std::fs;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage, getsockname};
use nix::sys::stat::{Mode, umask};
use tokio::net::UnixListener;

use super::DaemonOptions;
use crate::effects::Roots;

/// The first descriptor that is handed over.
const FIRST: i32 = 3;

/// A listening socket, and its name.
pub(super) struct Listener {
    /// The socket.
    pub(super) inner: UnixListener,
    /// Its name.
    pub(super) guard: Name,
}

/// The name of a socket, to be removed with it.
pub(super) struct Name(PathBuf);

impl Listener {
    /// Where clients find it.
    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.guard.0.display())
    }
}

impl Name {
    /// Removes the name: who connects from now on starts a daemon of his own.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(self.0);
    }
}

/// The socket to listen on.
pub(super) fn listener(options: &DaemonOptions, roots: &Roots) -> Result<Listener> {
    let path = match options.hosts.as_slice() {
        [] => roots.exec.join("skiff.sock"),
        [host] => match host.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => PathBuf::from(path),
            _ => bail!("--host {host}: the daemon listens on unix:///PATH only"),
        },
        _ => bail!("the daemon listens on one --host"),
    };
    let handed = std::env::var("LISTEN_FDS").is_ok_and(|count| count == "1");
    let socket = if handed { inherited()? } else { bind(&path)? };
    socket
        .set_nonblocking(true)
        .context("make the socket non-blocking")?;
    let inner = UnixListener::from_std(socket).context("listen on the socket")?;
    Ok(Listener {
        inner,
        guard: Name(path),
    })
}

fn inherited() -> Result<StdListener> {
    // SAFETY: descriptor 3 is ours by the convention that LISTEN_FDS=1 announces, and
    // this function, called once at the start, is the only one that takes it. Should
    // nothing be open there, the check below fails before anything is done with it.
    let socket = unsafe { OwnedFd::from_raw_fd(FIRST) };
    let address = getsockname::<SockaddrStorage>(FIRST)
        .context("LISTEN_FDS=1 is set, but descriptor 3 is no socket")?;
    ensure!(
        address.family() == Some(AddressFamily::Unix),
        "descriptor 3 is no unix socket"
    );
    nix::fcntl::fcntl(
        &socket,
        nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC),
    )
    .context("keep the socket to ourselves")?;
    Ok(StdListener::from(socket))
}

/// Binds the socket for owner and group, whatever the umask; a stale one is removed.
fn bind(path: &Path) -> Result<StdListener> {
    if fs::symlink_metadata(path).is_ok() {
        ensure!(
            UnixStream::connect(path).is_err(),
            "{} is another daemon's",
            path.display()
        );
        fs::remove_file(path)
            .with_context(|| format!("remove the stale socket {}", path.display()))?;
    }
    // The mode is the umask's from the first moment on; a chmod would come late.
    let before = umask(Mode::from_bits_truncate(0o117));
    let socket = StdListener::bind(path);
    umask(before);
    socket.with_context(|| format!("bind {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_socket_is_never_the_worlds_and_a_stale_one_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        assert!(
            bind(&path)
                .unwrap_err()
                .to_string()
                .contains("another daemon's")
        );
        drop(first);
        bind(&path).unwrap();
    }
}
