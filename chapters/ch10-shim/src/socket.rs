//! Sockets with a path, of any length.
//!
//! A socket's address holds 108 bytes (unix(7)). A longer path is shortened through
//! `/proc/self/fd`, which leads to its folder.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

const LONGEST: usize = 107;

/// Connects to the socket at `path`.
///
/// # Errors
/// As connect(2).
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    shortened(path, |short| UnixStream::connect(short))
}

/// Listens on a new socket at `path`.
///
/// # Errors
/// As bind(2).
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    shortened(path, |short| UnixListener::bind(short))
}

fn shortened<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() <= LONGEST {
        return act(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = File::open(folder)?;
    let short = format!("/proc/self/fd/{}", folder.as_raw_fd());
    act(&Path::new(&short).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_be_longer_than_an_address() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("x".repeat(120));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("shim.sock");
        let listener = listen(&path).unwrap();
        assert!(path.exists());
        connect(&path).unwrap();
        listener.accept().unwrap();
    }
}
