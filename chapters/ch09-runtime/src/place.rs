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
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::state::State;

/// A state folder as it was when it was found or made. It is held open, so that no other
/// one gets its number.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    folder: File,
}

/// The lock on a state folder that is still there; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    place: &'a Place,
    lock: File,
}

pub(crate) const DELETED: &str = "the container was deleted meanwhile";

impl Place {
    /// The folder at `path`, if there is one.
    pub(crate) fn open(path: PathBuf) -> Result<Option<Self>> {
        match File::open(&path) {
            Ok(folder) => Ok(Some(Self { path, folder })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("open {}", path.display())),
        }
    }

    /// Writes the state of a container below `root` into this folder, and into no other
    /// that has taken its name since.
    pub(crate) fn save(&self, state: &State, root: &Path) -> Result<()> {
        let _claim = self.claim()?.context(DELETED)?;
        state.save(root)
    }

    /// Waits until nobody else has a claim; `None` when the folder is gone by then.
    // ANCHOR: claim
    pub(crate) fn claim(&self) -> Result<Option<Claim<'_>>> {
        let what = || format!("lock {}", self.path.display());
        // Opened for this lock alone: of what was open before, the container's first
        // process has a copy, and would hold the lock for a launcher that was killed.
        let Some(Self { folder: lock, .. }) = Self::open(self.path.clone())? else {
            return Ok(None);
        };
        lock.lock().with_context(what)?;
        let ours = self.folder.metadata().with_context(what)?;
        let is_ours =
            |it: &fs::Metadata| (it.dev(), it.ino()) == (ours.dev(), ours.ino());
        let there = fs::symlink_metadata(&self.path).is_ok_and(|it| is_ours(&it));
        let same = is_ours(&lock.metadata().with_context(what)?);
        Ok((there && same).then_some(Claim { place: self, lock }))
    }
    // ANCHOR_END: claim
}

impl Claim<'_> {
    /// Removes the folder with all that is in it.
    pub(crate) fn remove(self) -> Result<()> {
        let path = &self.place.path;
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
        let _ = self.lock.unlock();
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
