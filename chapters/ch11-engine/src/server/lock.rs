//! One daemon a root: the lock that lasts as long as its process (flock(2)).

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::effects::Roots;

/// Takes both roots, and says in them whose they are.
///
/// # Errors
/// Another daemon has one of them; the error names its pid.
pub(super) fn take(roots: &Roots) -> Result<[Flock<File>; 2]> {
    Ok([lock(&roots.data)?, lock(&roots.exec)?])
}

fn lock(root: &Path) -> Result<Flock<File>> {
    let path = root.join("daemon.lock");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut locked) => {
            let pid = format!("{}\n", std::process::id());
            locked
                .set_len(0)
                .and_then(|()| locked.write_all(pid.as_bytes()))
                .with_context(|| format!("write {}", path.display()))?;
            Ok(locked)
        }
        Err((mut file, Errno::EWOULDBLOCK)) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            bail!(
                "{} belongs to a daemon that runs: pid {}",
                root.display(),
                pid.trim()
            )
        }
        Err((_, errno)) => Err(errno).with_context(|| format!("lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_daemon_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("pid {}", std::process::id())),
            "{error}"
        );
        drop(held);
        lock(folder.path()).unwrap();
    }
}
