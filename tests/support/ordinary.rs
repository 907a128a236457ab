//! Somebody who is not root.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid};
use tempfile::TempDir;

/// An ordinary user with a home of their own: `nobody` when the tests run as root, else
/// whoever runs them. The home goes when this is dropped.
#[derive(Debug)]
pub struct Ordinary {
    home: TempDir,
    uid: u32,
    gid: u32,
}

impl Drop for Ordinary {
    fn drop(&mut self) {
        // An overlay leaves a folder that nobody may open, and whoever is not root could
        // not even see that it is empty.
        open_folders(self.home.path());
    }
}

fn open_folders(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
    {
        let open = std::fs::Permissions::from_mode(0o700);
        let _ = std::fs::set_permissions(entry.path(), open);
        open_folders(&entry.path());
    }
}

impl Default for Ordinary {
    fn default() -> Self {
        Self::new()
    }
}

impl Ordinary {
    /// A user with a new, empty home (and `XDG_RUNTIME_DIR`), which only they may read.
    ///
    /// # Panics
    /// If the folders cannot be made.
    #[must_use]
    pub fn new() -> Self {
        // Not $TMPDIR: it may lie where only root may go.
        let home = tempfile::Builder::new()
            .prefix("skiff-")
            // The names of sockets below it stay short of 108 bytes.
            .rand_bytes(4)
            .tempdir_in("/tmp");
        let home = home.expect("a folder in /tmp");
        let root = Uid::effective().is_root();
        let (uid, gid) = if root {
            (65534, 65534)
        } else {
            (Uid::effective().as_raw(), Gid::effective().as_raw())
        };
        let run = home.path().join("run");
        std::fs::create_dir(&run).expect("a folder in our own");
        for dir in [home.path(), &run] {
            let private = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(dir, private).expect("our own folder");
            chown(dir, Some(uid), Some(gid)).expect("our own folder");
        }
        Self { home, uid, gid }
    }

    /// The user's id and group.
    #[must_use]
    pub fn ids(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `program` as this user, in their home, with an environment of theirs only.
    /// A program that lies where they may not go is copied to where they may.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.within_reach(program.as_ref()));
        command
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home());
        if Uid::effective().is_root() {
            // `uid` also gives up root's supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// What this user's programs find in their environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let home = self.home().display();
        vec![
            (
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
            ),
            ("HOME", home.to_string()),
            ("XDG_DATA_HOME", format!("{home}/share")),
            ("XDG_RUNTIME_DIR", format!("{home}/run")),
            ("LANG", "C.UTF-8".into()),
        ]
    }

    fn within_reach(&self, program: &Path) -> PathBuf {
        let Some(dir) = program.parent().filter(|_| program.is_absolute()) else {
            return program.to_owned();
        };
        if dir.ancestors().all(others_may_enter) {
            return program.to_owned();
        }
        let name = program.file_name().expect("a program has a name");
        let bin = self.home().join("bin");
        let copy = bin.join(name);
        std::fs::create_dir_all(&bin).expect("a folder in the home");
        if !copy.exists() {
            // By a process of its own: a descriptor open for writing here would be
            // inherited by whatever another test starts, and exec answer ETXTBSY.
            let done = Command::new("cp").arg(program).arg(&copy).status();
            assert!(
                done.is_ok_and(|status| status.success()),
                "cp {}",
                program.display()
            );
        }
        copy
    }
}

fn others_may_enter(dir: &Path) -> bool {
    std::fs::metadata(dir).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    #[test]
    fn an_ordinary_user_is_not_root_and_has_a_home() {
        let user = Ordinary::new();
        let mut command = user.command("sh");
        command.args([
            "-c",
            "id -u; id -G; touch \"$HOME/mine\" \"$XDG_RUNTIME_DIR/mine\"; pwd",
        ]);
        let text = run(command).ok();
        let (uid, _) = user.ids();
        assert!(uid != 0 && text.starts_with(&format!("{uid}\n")), "{text}");
        assert!(
            text.ends_with(&format!("{}\n", user.home().display())),
            "{text}"
        );
        assert!(user.home().join("run/mine").exists());
    }

    #[test]
    fn a_program_out_of_reach_is_copied() {
        let hidden = tempfile::tempdir().unwrap(); // mode 0700
        let program = hidden.path().join("program");
        std::fs::copy("/bin/echo", &program).unwrap();
        let user = Ordinary::new();
        let mut command = user.command(&program);
        command.arg("hi");
        assert_eq!(run(command).ok(), "hi\n");
    }

    #[test]
    fn a_home_goes_with_what_nobody_may_open() {
        let user = Ordinary::new();
        let home = user.home().to_owned();
        let mut command = user.command("sh");
        command.args([
            "-c",
            "mkdir -p \"$HOME/work/work\" && chmod 0 \"$HOME/work/work\"",
        ]);
        let _ = run(command).ok();
        drop(user);
        assert!(!home.exists());
    }
}
