//! Places that the book's programs write to, and what lies outside of the machine.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};

const MEGABYTE: i64 = 1 << 20;
/// A bench makes a root file system of some thirty megabytes, chapter 11 two of them.
const TEMPORARY: i64 = 100 * MEGABYTE;
/// An exercise is compiled together with the crates that it uses.
const TARGET: i64 = 300 * MEGABYTE;

/// The checkout: the one of the `cargo run` that started this, else the one that this
/// program was built from.
#[must_use]
pub fn checkout() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    match package.ancestors().nth(2) {
        Some(top) => top.to_owned(),
        None => package,
    }
}

/// A file in the folder for temporary files, as large as what a bench makes there.
pub(super) fn temporary() -> Result<()> {
    room(&std::env::temp_dir(), TEMPORARY)
}

/// A file beside what cargo built.
pub(super) fn target() -> Result<()> {
    let program = std::env::current_exe().context("find this program")?;
    // target/debug/ch00
    let folder = program.ancestors().nth(2).unwrap_or(Path::new("/"));
    room(folder, TARGET)
}

/// A file at the top of the checkout, where `cargo exercise` puts your copies.
pub(super) fn writable_checkout() -> Result<()> {
    room(&checkout(), MEGABYTE)
}

/// Makes a file of so many bytes, really there (fallocate(2)), and takes it away.
fn room(folder: &Path, bytes: i64) -> Result<()> {
    let path = folder.join(format!(".skiff-probe-{}", std::process::id()));
    let told = || format!("write a file in {}", folder.display());
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(told)?;
    let made = fallocate(&file, FallocateFlags::empty(), 0, bytes);
    fs::remove_file(&path).with_context(told)?;
    match made {
        // A file system that cannot promise room: a small file must do.
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(errno).with_context(|| {
            format!("find {} MB in {}", bytes / MEGABYTE, folder.display())
        }),
    }
}

/// A shell that can be executed.
pub(super) fn shell() -> Result<()> {
    let shell = fs::metadata("/bin/sh").context("look at /bin/sh")?;
    anyhow::ensure!(is_program(&shell), "/bin/sh cannot be executed");
    Ok(())
}

/// mdBook, where `PATH` says that programs are.
pub(super) fn mdbook() -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |name: &OsStr| {
        std::env::split_paths(&path)
            .filter_map(|folder| fs::metadata(folder.join(name)).ok())
            .any(|file| is_program(&file))
    };
    anyhow::ensure!(found("mdbook".as_ref()), "there is no mdbook in PATH");
    Ok(())
}

fn is_program(file: &fs::Metadata) -> bool {
    file.is_file() && file.permissions().mode() & 0o111 != 0
}

/// A route to the rest of the world. Nothing is sent: connect(2) on a datagram socket
/// only looks the way up (udp(7)).
pub(super) fn network() -> Result<()> {
    // One of the root name servers, by IPv4 and by IPv6.
    let ways = [
        ("0.0.0.0:0", "198.41.0.4:53"),
        ("[::]:0", "[2001:503:ba3e::2:30]:53"),
    ];
    let mut answers = ways.map(|(from, to)| UdpSocket::bind(from)?.connect(to));
    if answers.iter().any(std::io::Result::is_ok) {
        return Ok(());
    }
    std::mem::replace(&mut answers[0], Ok(())).context("find a way to other machines")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_with_room_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        room(folder.path(), MEGABYTE).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        let error = room(Path::new("/no/such/folder"), 1).unwrap_err();
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    }

    #[test]
    fn the_checkout_has_the_chapters() {
        assert!(
            checkout()
                .join("chapters/ch00-workbench/needs.toml")
                .exists()
        );
    }
}
