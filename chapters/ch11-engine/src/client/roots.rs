//! Where skiff keeps what lasts, what this boot needs, and its socket.
//!
//! Root's folders are the host's; everybody else has his own, as the XDG base
//! directory specification lays them out.

use std::env;
use std::fs::{DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::unistd::geteuid;

/// The two folders of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// What lasts: images, containers, volumes.
    pub data: PathBuf,
    /// What ends with this boot: sockets, locks, shims.
    pub exec: PathBuf,
}

impl Roots {
    /// The folders of this user, or what `SKIFF_DATA_ROOT` and `SKIFF_EXEC_ROOT` say.
    #[must_use]
    pub fn of_this_user() -> Self {
        Self::chosen(geteuid().as_raw(), |name| {
            env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        })
    }

    fn chosen(uid: u32, variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let data = || match uid {
            0 => PathBuf::from("/var/lib/skiff"),
            _ => variable("XDG_DATA_HOME")
                .or_else(|| Some(variable("HOME")?.join(".local/share")))
                .unwrap_or_else(|| PathBuf::from("/tmp"))
                .join("skiff"),
        };
        let exec = || match (uid, variable("XDG_RUNTIME_DIR")) {
            (0, _) => PathBuf::from("/run/skiff"),
            (_, Some(folder)) => folder.join("skiff"),
            (_, None) => PathBuf::from(format!("/tmp/skiff-{uid}")),
        };
        Self {
            data: variable("SKIFF_DATA_ROOT").unwrap_or_else(data),
            exec: variable("SKIFF_EXEC_ROOT").unwrap_or_else(exec),
        }
    }

    /// The socket on which the daemon of these folders listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.exec.join("skiff.sock")
    }

    /// What a daemon that started by itself had to say.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.exec.join("daemon.log")
    }

    /// Makes the exec root, or believes the one that is there: below /tmp anybody may
    /// have made it first, so it must be ours.
    pub(super) fn make_exec(&self) -> Result<()> {
        let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(mode);
        let made = builder.create(&self.exec);
        made.or_else(|error| match error.kind() {
            ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .with_context(|| format!("make {}", self.exec.display()))?;
        let found = std::fs::symlink_metadata(&self.exec)
            .with_context(|| format!("look at {}", self.exec.display()))?;
        ensure!(
            is_ours(&found),
            "{} belongs to somebody else (uid {}, mode {:o})",
            self.exec.display(),
            found.uid(),
            found.mode() & 0o7777,
        );
        Ok(())
    }
}

fn is_ours(found: &Metadata) -> bool {
    let uid = geteuid().as_raw();
    let others_write = found.mode() & 0o022 != 0;
    found.is_dir() && found.uid() == uid && !others_write
}

/// Whether a socket may be bound there: `sun_path` has 108 bytes (unix(7)).
pub(super) fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() < 108
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(uid: u32, variables: &[(&str, &str)]) -> (String, String) {
        let roots = Roots::chosen(uid, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        });
        (
            roots.data.display().to_string(),
            roots.exec.display().to_string(),
        )
    }

    #[test]
    fn root_has_the_hosts_folders_and_a_user_his_own() {
        let xdg = [("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/ada")];
        for (uid, variables, data, exec) in [
            (0, &xdg[..], "/var/lib/skiff", "/run/skiff"),
            (
                7,
                &xdg[..],
                "/home/ada/.local/share/skiff",
                "/run/user/7/skiff",
            ),
            (7, &xdg[1..], "/home/ada/.local/share/skiff", "/tmp/skiff-7"),
            (7, &[("XDG_DATA_HOME", "/d")], "/d/skiff", "/tmp/skiff-7"),
            (0, &[("SKIFF_EXEC_ROOT", "/x")], "/var/lib/skiff", "/x"),
            (7, &[("SKIFF_DATA_ROOT", "/y")], "/y", "/tmp/skiff-7"),
        ] {
            assert_eq!(roots(uid, variables), (data.into(), exec.into()));
        }
    }
}
