//! execve(2): the call that turns a copy into a program, and finding the program.

mod program;
mod refused;

use std::ffi::{CString, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, sigprocmask};
use workbench::diagnosis::{explain, with_hint};
use workbench::steps::{self, Step};

pub use program::Program;
pub use refused::EXECVE;

/// Why a program cannot be run, in the words that docker's client looks for: it makes
/// exit code 127 of "not found" and "no such file", 126 of "permission denied".
#[derive(Debug, PartialEq, Eq)]
pub enum NotRunnable {
    /// A name without a slash that is in no folder of `PATH`.
    NotInPath(String),
    /// A path where nothing is.
    Missing(String),
    /// Something without a permission to execute.
    Forbidden(String),
    /// A folder.
    Folder(String),
}

impl std::fmt::Display for NotRunnable {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInPath(name) => {
                write!(to, "exec: {name:?}: executable file not found in $PATH")
            }
            Self::Missing(name) => {
                write!(to, "exec: {name:?}: stat {name}: no such file or directory")
            }
            Self::Forbidden(name) => write!(to, "exec: {name:?}: permission denied"),
            Self::Folder(name) => {
                write!(to, "exec: {name:?}: is a directory: permission denied")
            }
        }
    }
}

impl std::error::Error for NotRunnable {}

/// Finds the program `name` as a shell would: with a slash it is a path, without one
/// it is looked for in the folders of `path` (the value of `PATH`).
///
/// # Errors
/// When there is none, or what is there cannot be run: a [`NotRunnable`], with a hint.
pub fn find(name: &str, path: &str) -> Result<PathBuf> {
    search(name, path).map_err(|(refused, place)| {
        let errno = match refused {
            NotRunnable::NotInPath(_) | NotRunnable::Missing(_) => Errno::ENOENT,
            NotRunnable::Forbidden(_) | NotRunnable::Folder(_) => Errno::EACCES,
        };
        match EXECVE.hint(&Program(place), errno) {
            Some(hint) => with_hint(refused.into(), hint),
            None => refused.into(),
        }
    })
}

/// As [`find`]; an error comes with the place that it speaks of.
fn search(name: &str, path: &str) -> Result<PathBuf, (NotRunnable, PathBuf)> {
    let named = PathBuf::from(name);
    if name.contains('/') {
        return match runnable(&named) {
            Found::Yes => Ok(named),
            Found::No => Err((NotRunnable::Missing(name.to_owned()), named)),
            Found::Forbidden => Err((NotRunnable::Forbidden(name.to_owned()), named)),
            Found::Folder => Err((NotRunnable::Folder(name.to_owned()), named)),
        };
    }
    let mut refused = (NotRunnable::NotInPath(name.to_owned()), named);
    for folder in path
        .split(':')
        .filter(|folder| !folder.is_empty() && !name.is_empty())
    {
        let candidate = Path::new(folder).join(name);
        match runnable(&candidate) {
            Found::Yes => return Ok(candidate),
            Found::Forbidden => {
                refused = (NotRunnable::Forbidden(name.to_owned()), candidate);
            }
            Found::No | Found::Folder => {}
        }
    }
    Err(refused)
}

enum Found {
    Yes,
    No,
    Forbidden,
    Folder,
}

fn runnable(path: &Path) -> Found {
    match fs::metadata(path) {
        Ok(what) if what.is_dir() => Found::Folder,
        Ok(what) if what.permissions().mode() & 0o111 == 0 => Found::Forbidden,
        Ok(_) => Found::Yes,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Found::Forbidden
        }
        Err(_) => Found::No,
    }
}

/// Arguments or variables as the kernel takes them.
///
/// # Errors
/// When one contains a NUL byte.
pub fn strings<S: AsRef<str>>(list: &[S]) -> Result<Vec<CString>> {
    let one = |text: &S| {
        CString::new(text.as_ref())
            .with_context(|| format!("{:?} contains a NUL byte", text.as_ref()))
    };
    list.iter().map(one).collect()
}

/// This process's own environment, as [`exec`] takes it.
#[must_use]
pub fn environment() -> Vec<CString> {
    let entry = |(name, value): (OsString, OsString)| {
        let entry = [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()];
        CString::new(entry.concat()).ok()
    };
    std::env::vars_os().filter_map(entry).collect()
}

/// Becomes `program`; returns only the reason why that did not happen.
///
/// Signals are first as a new program expects them: none blocked, none ignored (Rust
/// ignores SIGPIPE, and an ignored signal stays so across exec).
// ANCHOR: exec
pub fn exec(program: &Path, args: &[CString], env: &[CString]) -> anyhow::Error {
    let shown: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let call = format!("execve({program:?}, {shown:?})");
    // Announced before it is made: after it, nobody is here to announce.
    let why = "the program takes this process over; all that was set up stays";
    steps::announce(&Step::since(steps::boot_clock(), 1, &call, why));
    default_signals();
    let Ok(path) = CString::new(program.as_os_str().as_bytes()) else {
        return anyhow::anyhow!("{program:?} contains a NUL byte");
    };
    let Err(errno) = nix::unistd::execve(&path, args, env);
    explain(
        refusal(program, errno),
        &EXECVE,
        &Program(program.to_owned()),
        errno,
    )
}
// ANCHOR_END: exec

/// A refused execve in the words that docker's client looks for; the hint says more.
fn refusal(program: &Path, errno: Errno) -> String {
    let words = match errno {
        Errno::ENOENT => ": no such file or directory",
        Errno::ENOEXEC => ": exec format error",
        Errno::EACCES => ": permission denied",
        Errno::E2BIG => ": argument list too long",
        _ => "",
    };
    format!("exec {}{words}", program.display())
}

fn default_signals() {
    for signal in Signal::iterator() {
        // SAFETY: SIG_DFL installs no code of ours. KILL and STOP answer EINVAL.
        let _ = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_path_and_a_path_is_taken_as_it_is() {
        let found = |name, path| find(name, path).unwrap();
        assert_eq!(found("sh", "/nowhere:/bin"), Path::new("/bin/sh"));
        assert_eq!(found("/bin/sh", ""), Path::new("/bin/sh"));
        let refused = |name, path| search(name, path).unwrap_err().0;
        let not_in_path = |name: &str| NotRunnable::NotInPath(name.into());
        assert_eq!(refused("sh", "/nowhere"), not_in_path("sh"));
        assert_eq!(refused("", "/bin"), not_in_path(""));
    }

    #[test]
    fn what_cannot_be_run_is_told_in_the_words_that_callers_match() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plain");
        fs::write(&file, "x").unwrap();
        let plain = file.to_string_lossy().into_owned();
        let told = |name: &str| find(name, "/bin").unwrap_err().to_string();
        assert!(told(&plain).contains("permission denied"));
        assert!(told("/tmp").contains("is a directory"));
        assert!(told("/nowhere").contains("no such file or directory"));
        assert!(told("nowhere").contains("executable file not found in $PATH"));
        let in_path = find("plain", &folder.path().to_string_lossy()).unwrap_err();
        assert!(in_path.to_string().contains("permission denied"));
    }

    #[test]
    fn a_nul_byte_is_named() {
        let error = strings(&["a\0b"]).unwrap_err();
        assert!(error.to_string().contains("NUL"));
    }
}
