//! What `--explain` was told: in which form steps are shown, and where.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use nix::fcntl::{OFlag, open, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::steps::{self, Step};

/// How steps are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explain {
    /// As a tree, for people.
    Tree,
    /// As JSON lines, for programs.
    Json,
    /// As a figure (SVG), in this file.
    Svg(PathBuf),
}

impl FromStr for Explain {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match (word, word.strip_prefix("svg:")) {
            ("tree", _) => Ok(Self::Tree),
            ("json", _) => Ok(Self::Json),
            (_, Some(file)) if !file.is_empty() => Ok(Self::Svg(file.into())),
            (other, _) => Err(format!("{other:?} is neither tree nor json nor svg:FILE")),
        }
    }
}

/// Where steps are written when all is over: standard error, or a file.
#[derive(Debug)]
pub struct Sheet {
    how: Explain,
    file: Option<Place>,
}

impl Sheet {
    /// Opens it before anything is done: whoever cannot have the figure does not wait
    /// for a container first.
    ///
    /// # Errors
    /// When the file for a figure cannot be written where it shall be.
    pub fn open(how: Explain) -> Result<Self> {
        let file = match &how {
            Explain::Svg(path) => Some(
                Place::find(path)
                    .with_context(|| format!("write the figure {}", path.display()))?,
            ),
            Explain::Tree | Explain::Json => None,
        };
        Ok(Self { how, file })
    }

    /// Writes the steps on it; a file is written whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, list: &[Step]) -> Result<()> {
        let text = match &self.how {
            Explain::Tree => steps::tree(list),
            Explain::Json => steps::json_lines(list),
            Explain::Svg(_) => steps::svg(list, steps::Scale::Time),
        };
        match &self.file {
            Some(place) => place.replace(text.as_bytes()),
            None => {
                // Whoever closed standard error does not want to read this.
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
                Ok(())
            }
        }
    }
}

/// A file to be written, by its folder: that stays open, since a bench may stand in
/// another root by the time it writes.
#[derive(Debug)]
struct Place {
    folder: OwnedFd,
    name: PathBuf,
    shown: PathBuf,
}

impl Place {
    /// Looks whether a file can be made at `path`, and leaves none behind.
    fn find(path: &Path) -> Result<Self> {
        // A symbolic link is followed now: what it leads to is replaced, not the link.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Ok(there) = fs::metadata(&real) {
            ensure!(there.is_file(), "it is there, and is no file");
        }
        let name = real.file_name().context("it has no name")?.into();
        let folder = match real.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let place = Self {
            folder: open(folder, flags, Mode::empty())
                .with_context(|| format!("open the folder {}", folder.display()))?,
            name,
            shown: path.to_owned(),
        };
        place.create()?;
        place.remove();
        Ok(place)
    }

    /// Writes a file beside it, then gives that its name (rename(2)).
    fn replace(&self, bytes: &[u8]) -> Result<()> {
        let (folder, from) = (self.folder.as_fd(), self.temporary());
        let written = self.create().and_then(|mut file| {
            file.write_all(bytes)?;
            // A full disk may say so only now.
            file.sync_all()?;
            renameat(folder, &from, folder, &self.name)?;
            Ok(())
        });
        if written.is_err() {
            self.remove();
        }
        written.with_context(|| format!("write the figure {}", self.shown.display()))
    }

    fn create(&self) -> Result<File> {
        // O_EXCL follows no link: in a folder of everybody's one may lie in wait.
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let mode = Mode::from_bits_truncate(0o666);
        let file = openat(self.folder.as_fd(), &self.temporary(), flags, mode)
            .context("make a file in its folder")?;
        Ok(file.into())
    }

    fn remove(&self) {
        let (folder, name) = (self.folder.as_fd(), self.temporary());
        // What was never made need not be removed.
        let _ = unlinkat(folder, &name, UnlinkatFlags::NoRemoveDir);
    }

    fn temporary(&self) -> PathBuf {
        let id = std::process::id();
        PathBuf::from(format!(".{}.{id}", self.name.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Step {
        Step::since(0, 1, "chroot(\".\")", "the root becomes this folder")
    }

    #[test]
    fn what_is_typed_behind_it() {
        assert_eq!("tree".parse(), Ok(Explain::Tree));
        assert_eq!("json".parse(), Ok(Explain::Json));
        assert_eq!("svg:a b.svg".parse(), Ok(Explain::Svg("a b.svg".into())));
        for wrong in ["", "svg", "svg:", "SVG:x"] {
            assert!(wrong.parse::<Explain>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_figure_replaces_the_one_before_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steps.svg");
        fs::write(&path, "an old one, and a longer one".repeat(200)).unwrap();
        let sheet = Sheet::open(Explain::Svg(path.clone())).unwrap();
        sheet.write(&[example()]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("<svg") && text.ends_with("</svg>\n"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told_before_anything_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for wrong in ["/no/such/folder/x.svg", "/dev/null", "/", "/proc/x.svg"] {
            let error = Sheet::open(Explain::Svg(wrong.into())).unwrap_err();
            assert!(format!("{error:#}").contains(wrong), "{error:#}");
        }
        assert!(Sheet::open(Explain::Svg(link)).is_err());
    }

    #[test]
    fn a_link_that_lies_in_wait_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, prey) = (folder.path().join("steps.svg"), folder.path().join("prey"));
        fs::write(&prey, "precious").unwrap();
        let link = folder
            .path()
            .join(format!(".steps.svg.{}", std::process::id()));
        std::os::unix::fs::symlink(&prey, &link).unwrap();
        let error = Sheet::open(Explain::Svg(path)).unwrap_err();
        assert!(format!("{error:#}").contains("EEXIST"), "{error:#}");
        assert_eq!(fs::read_to_string(&prey).unwrap(), "precious");
        assert!(link.exists(), "and it is not ours to remove");
    }

    #[test]
    fn a_folder_that_has_gone_is_told_and_leaves_the_old_figure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steps.svg");
        let sheet = Sheet::open(Explain::Svg(path.clone())).unwrap();
        drop(folder);
        let error = format!("{:#}", sheet.write(&[example()]).unwrap_err());
        assert!(error.contains("steps.svg"), "{error}");
    }
}
