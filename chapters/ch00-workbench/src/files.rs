//! Files that are whole or absent, and files of the kernel's.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces the file at `path` by `bytes`: a temporary file beside it, then rename(2).
///
/// When `durable`, the bytes reach the disk before the name does, and the name before
/// this returns (fsync(2) of the file and of its folder). The file has mode 0600.
///
/// # Errors
/// When the folder is missing or full; then the old file is untouched.
pub fn write_atomic(path: &Path, bytes: &[u8], durable: bool) -> Result<()> {
    let name = path.file_name().context("a file to write has no name")?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let temporary = folder.join(format!(
        ".{}.{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let written = write_beside(&temporary, bytes, durable)
        .and_then(|()| fs::rename(&temporary, path).map_err(Into::into));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("write {}", path.display()))?;
    if durable {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("sync {}", folder.display()))?;
    }
    Ok(())
}

/// Reads a file that the kernel makes as it is read (of procfs, sysfs, a cgroup).
///
/// It says of itself that it is empty, so that [`fs::read`] begins with a few bytes and
/// asks eight times for a page; this asks twice.
///
/// # Errors
/// Those of open(2) and read(2).
pub fn kernel_bytes(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(length) => bytes.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// As [`kernel_bytes`], as text: what is none in it, a name perhaps, is replaced.
///
/// # Errors
/// Those of open(2) and read(2).
pub fn kernel_text(path: impl AsRef<Path>) -> io::Result<String> {
    let bytes = kernel_bytes(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write_beside(temporary: &Path, bytes: &[u8], durable: bool) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(temporary)?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write_atomic(&path, b"one", true).unwrap();
        write_atomic(&path, b"two", false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let error =
            write_atomic(Path::new("/nonexistent/x.json"), b"", false).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x.json"));
    }
}
