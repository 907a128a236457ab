//! The place of the trials: a folder with a root in it, and a program outside of that.
//!
//! Root runs the trials as nobody: what a check proves must hold without sudo.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{geteuid, gethostname};
use tempfile::TempDir;

use super::values::{Draw, Values};

/// The user id, and group id, that has no rights.
const NOBODY: u32 = 65534;

/// What a trial may find by itself.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A folder for trials; it goes, with all that is in it, when this is dropped.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    as_nobody: bool,
}

impl Place {
    /// Makes the folder; `make_root` makes the root file system, at the path it gets.
    ///
    /// # Errors
    /// When the folder cannot be made, or `make_root` fails.
    pub fn furnish(make_root: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let as_nobody = geteuid().is_root();
        let mut builder = tempfile::Builder::new();
        builder.prefix("skiff-mine-");
        let folder = if as_nobody {
            // Root's own TMPDIR may be where nobody else can go.
            builder
                .permissions(Permissions::from_mode(0o755))
                .tempdir_in("/tmp")
        } else {
            builder.tempdir()
        };
        let place = Self {
            folder: folder.context("make a folder for the trials")?,
            as_nobody,
        };
        fs::create_dir(place.here()).context("make the trials' working folder")?;
        if as_nobody {
            chown(place.here(), Some(NOBODY), Some(NOBODY))
                .context("give the trials' working folder away")?;
        }
        fs::create_dir(place.bundle())
            .and_then(|()| symlink(place.root(), place.bundle().join("rootfs")))
            .context("make the folder of a bundle")?;
        let outside = place.outside();
        fs::write(&outside, "#!/bin/sh\necho \"I am a program of the host\"\n")
            .and_then(|()| fs::set_permissions(&outside, Permissions::from_mode(0o755)))
            .context("make a program outside of the root")?;
        make_root(&place.root())?;
        Ok(place)
    }

    /// Brings a program here, as the `mine` of the trials that follow.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn bring(&self, program: &Path) -> Result<()> {
        let mine = self.folder.path().join("mine");
        fs::copy(program, &mine)
            .map(drop)
            .with_context(|| format!("copy {}", program.display()))
    }

    /// Draws the values of a check, and leaves two notes: in the root, and in the
    /// working folder, which nobody in the root may read.
    ///
    /// # Errors
    /// When the notes cannot be written.
    pub fn values(&self, draw: &mut Draw) -> Result<Values> {
        let host = gethostname().context("ask for the host's name")?;
        let values = Values {
            random: draw.word(),
            other: draw.word(),
            number: 3 + draw.number() % 97,
            root: self.root().display().to_string(),
            bundle: self.bundle().display().to_string(),
            outside: self.outside().display().to_string(),
            host: host.to_string_lossy().into_owned(),
        };
        fs::write(self.root().join("note"), format!("{}\n", values.random))
            .and_then(|()| anew(&self.here().join("note"), &values.other))
            .context("leave a note")?;
        Ok(values)
    }

    /// Writes a `config.json` into the folder of the bundle; without `text` there is none.
    ///
    /// # Errors
    /// When it cannot be written, or the one before cannot be removed.
    pub fn configure(&self, text: Option<&str>) -> Result<()> {
        let path = self.bundle().join("config.json");
        match (text, fs::remove_file(&path)) {
            (Some(text), _) => fs::write(&path, text).context("write config.json"),
            (None, Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context("remove config.json")
            }
            (None, _) => Ok(()),
        }
    }

    /// The command `mine` with these arguments, in the working folder.
    #[must_use]
    pub fn command(&self, args: &[String]) -> Command {
        let mut command = Command::new(self.folder.path().join("mine"));
        command
            .args(args)
            .current_dir(self.here())
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", "/")
            .env("LC_ALL", "C")
            .env("TMPDIR", self.here());
        if self.as_nobody {
            // `uid` gives up root's supplementary groups too.
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// The folder of all this.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }
}

/// Writes a file in a folder that is the trials' own: what they have left there by its
/// name, such as a link out of it, is not written through.
fn anew(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Makes a root at `folder` with the program of chapter 1, built here and now.
///
/// # Errors
/// What cargo, or that program, said when it failed.
pub fn toolbox(top: &Path, folder: &Path) -> Result<()> {
    let output =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["run", "--quiet", "--offline", "--package", "ch01", "--"])
            .arg("toolbox")
            .arg(folder)
            .current_dir(top)
            .output()
            .context("run cargo")?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("make a root with the program of chapter 1: {}", told.trim());
    }
    Ok(())
}
