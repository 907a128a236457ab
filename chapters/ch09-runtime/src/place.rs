//! A container's state folder, and who may take it away.
//!
//! Several callers may end a container at once: two that say `delete`, or one beside a
//! `create` that fails. Its poststop hooks run once all the same (runtime-spec,
//! runtime.md, "Lifecycle"): they are for whoever removes the folder, and who wants to
//! remove it locks it first (flock(2)). The lock is on the folder itself, not on its
//! name: somebody who comes second finds that his folder is gone, and leaves in peace
//! the next container that has taken the name.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::state::folder;

/// A state folder as it was when it was found or made.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    folder: File,
}

/// The lock on a state folder that is still there; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Claim<'a>(&'a Place);

/// What becomes of a creation when the folder goes meanwhile.
pub(crate) const DELETED: &str = "it was deleted while it was made";

impl Place {
    /// Makes the folder of the container `id` below `root`.
    pub(crate) fn make(root: &Path, id: &str) -> Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o711);
        builder
            .create(root)
            .with_context(|| format!("make the state folder {}", root.display()))?;
        let path = folder(root, id);
        match builder.recursive(false).create(&path) {
            Ok(()) => Self::open(path)?.context(DELETED),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("container with id exists: {id}")
            }
            Err(error) => Err(error).with_context(|| format!("make {}", path.display())),
        }
    }

    /// The folder at `path`, if there is one.
    pub(crate) fn open(path: PathBuf) -> Result<Option<Self>> {
        match File::open(&path) {
            Ok(folder) => Ok(Some(Self { path, folder })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("open {}", path.display())),
        }
    }

    /// Waits until nobody else has a claim; `None` when the folder is gone by then.
    // ANCHOR: claim
    pub(crate) fn claim(&self) -> Result<Option<Claim<'_>>> {
        let what = || format!("lock {}", self.path.display());
        self.folder.lock().with_context(what)?;
        let claim = Claim(self);
        let ours = self.folder.metadata().with_context(what)?;
        let is_ours =
            |it: &fs::Metadata| (it.dev(), it.ino()) == (ours.dev(), ours.ino());
        let there = fs::symlink_metadata(&self.path).is_ok_and(|it| is_ours(&it));
        Ok(there.then_some(claim))
    }
    // ANCHOR_END: claim
}

impl Claim<'_> {
    /// Does `work` while nobody else can take the folder away, which stays.
    pub(crate) fn keep<T>(self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Removes the folder with all that is in it.
    pub(crate) fn remove(self) -> Result<()> {
        let path = &self.0.path;
        let removed = match fs::remove_dir_all(path) {
            // A `start` that is too late wrote into it this moment, and once.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                fs::remove_dir_all(path)
            }
            answer => answer,
        };
        removed.with_context(|| format!("remove {}", path.display()))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // Where it fails the lock goes with the descriptor.
        let _ = self.0.folder.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_claims_the_second_finds_nothing() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("web");
        assert!(Place::open(path.clone()).unwrap().is_none());
        fs::create_dir(&path).unwrap();
        let [one, other] = [(); 2].map(|()| Place::open(path.clone()).unwrap().unwrap());
        let claim = one.claim().unwrap().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| other.claim().unwrap().is_none());
            // The name is taken again before the second one gets its lock.
            claim.remove().unwrap();
            assert!(second.join().unwrap());
        });
        fs::create_dir(&path).unwrap();
        assert!(other.claim().unwrap().is_none(), "another one of this name");
        assert!(path.exists());
    }
}
