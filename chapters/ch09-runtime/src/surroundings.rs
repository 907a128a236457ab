//! What a program finds around it when it begins: open descriptors, a working folder, and
//! where its home is.

use std::ffi::CString;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use mounts::Root;
use nix::unistd::{chdir, getcwd};
use workbench::steps;

use crate::plan::Process;
use crate::raw;

/// Marks what the caller left open, but for `preserved`, close-on-exec, before there is a
/// hook that could inherit it.
pub(crate) fn close_to_hooks(preserved: u32) -> Result<()> {
    raw::close_on_exec_from(preserved.saturating_add(3))
        .context("mark the caller's descriptors close-on-exec")
}

/// Marks everything above the standard streams and `preserved` more close-on-exec.
pub(crate) fn keep_only(preserved: u32) -> Result<()> {
    let first = preserved.saturating_add(3);
    let why =
        "no descriptor of the host's may be found in the container (CVE-2024-21626)";
    steps::step(
        9,
        format_args!("close_range({first}, ~0, CLOSE_RANGE_CLOEXEC)"),
        why,
        || raw::close_on_exec_from(first),
    )
    .context("mark the descriptors close-on-exec")
}

/// Changes to the working folder, and checks that it is one of this root.
pub(crate) fn enter(cwd: &Path) -> Result<()> {
    let why = "the program begins here";
    if let Err(errno) = steps::step(9, format_args!("chdir({cwd:?})"), why, || chdir(cwd))
    {
        bail!(
            "chdir to cwd ({cwd:?}) set in config.json failed: {}",
            errno.desc().to_lowercase()
        );
    }
    // A path through a leaked descriptor would lead out; getcwd then has no answer
    // that begins with a slash.
    let here = getcwd().context("look where the working folder is")?;
    ensure!(
        here.is_absolute(),
        "the working folder {cwd:?} is outside of the root"
    );
    Ok(())
}

/// `/etc/passwd` comes with the root and is believed up to this size (bytes).
const LARGEST_PASSWD: u64 = 4 << 20;

/// The home folder of the process's user, if its environment names none.
pub(crate) fn home(process: &Process, inside: &Root) -> Option<CString> {
    if process
        .env
        .iter()
        .any(|entry| entry.to_bytes().starts_with(b"HOME="))
    {
        return None;
    }
    let users = inside.read(Path::new("/etc/passwd"), LARGEST_PASSWD);
    let users = users.ok().flatten().unwrap_or_default();
    let users = String::from_utf8_lossy(&users);
    let uid = process.identity.uid.to_string();
    let user = users
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&uid));
    let home = user
        .and_then(|line| line.split(':').nth(5))
        .filter(|home| !home.is_empty());
    CString::new(format!("HOME={}", home.unwrap_or("/"))).ok()
}

pub(crate) fn with_home(process: &Process, home: Option<CString>) -> Vec<CString> {
    process.env.iter().cloned().chain(home).collect()
}
