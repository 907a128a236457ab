//! Unpacked layers on disk: `<chain id>/diff` and the mark `<chain id>/complete`.
//!
//! A cache: everything here can be made again from the blobs. A layer is filled in a
//! staging folder, synced, marked and renamed into place, so that whoever sees it under
//! its chain id may believe it, whenever the power failed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use workbench::steps::step;

const COMPLETE: &str = "complete";
const STAGING: &str = "staging-";

/// The store of unpacked layers in one folder.
#[derive(Debug)]
pub struct Snapshots {
    root: PathBuf,
}

/// A layer that is there, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its tree, in overlayfs's form.
    pub diff: PathBuf,
    /// What it says of itself.
    pub about: About,
}

/// What the mark of a complete layer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The bytes of its files.
    pub size: u64,
}

/// A layer being filled. Dropped without a commit, it is removed.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
}

impl Snapshots {
    /// Opens the store, making its folder; half-done layers of an earlier run are
    /// removed, so that only one process may have it open.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)
            .with_context(|| format!("make the folder {}", root.display()))?;
        let snapshots = Self {
            root: root.to_owned(),
        };
        for entry in fs::read_dir(root).context("read the folder of layers")? {
            let path = entry.context("read the folder of layers")?.path();
            if !path.join(COMPLETE).exists() || is_staging(&path) {
                remove(&path)?;
            }
        }
        Ok(snapshots)
    }

    /// The layer of that chain id (64 hex digits), if it is there.
    pub fn get(&self, chain: &str) -> Option<Layer> {
        let folder = self.root.join(chain);
        let about = fs::read(folder.join(COMPLETE)).ok()?;
        Some(Layer {
            diff: folder.join("diff"),
            about: serde_json::from_slice(&about).unwrap_or_default(),
        })
    }

    /// An empty folder to unpack a layer into.
    pub fn stage(&self) -> Result<Staging> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{STAGING}{}-{number}", std::process::id());
        let staging = Staging {
            folder: self.root.join(name),
        };
        fs::create_dir_all(staging.diff())
            .with_context(|| format!("make the folder {}", staging.diff().display()))?;
        Ok(staging)
    }

    /// Makes a filled layer durable and puts it in place. If another got there first,
    /// that one stays: they are equal.
    pub fn commit(&self, staging: Staging, chain: &str, about: About) -> Result<Layer> {
        if let Some(layer) = self.get(chain) {
            return Ok(layer);
        }
        let folder = File::open(&self.root).context("open the folder of layers")?;
        let why = "one sync for thousands of files, instead of an fsync each";
        step(7, format_args!("syncfs({:?})", self.root), why, || {
            nix::unistd::syncfs(&folder)
        })
        .context("sync the layer")?;
        let mark = serde_json::to_vec(&about).context("write the mark")?;
        let path = staging.folder.join(COMPLETE);
        workbench::files::write_atomic(&path, &mark, true)?;
        let place = self.root.join(chain);
        let why = "the layer appears whole, or not at all";
        let call = format_args!("rename({:?}, {place:?})", staging.folder);
        step(7, call, why, || fs::rename(&staging.folder, &place))
            .or_else(|error| match error.raw_os_error() {
                Some(libc::ENOTEMPTY | libc::EEXIST) => Ok(()),
                _ => Err(error),
            })
            .with_context(|| format!("put the layer {chain} in place"))?;
        folder.sync_all().context("sync the folder of layers")?;
        self.get(chain).context("find the layer just put in place")
    }

    /// Removes a layer, if it is there.
    pub fn remove(&self, chain: &str) -> Result<()> {
        let folder = self.root.join(chain);
        // Without its mark the rest is rubbish, whenever we are interrupted.
        match fs::remove_file(folder.join(COMPLETE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).context("remove the mark of a layer"),
            Ok(()) => remove(&folder),
        }
    }

    /// The chain ids of the layers that are there.
    pub fn list(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root).context("read the folder of layers")? {
            let path = entry.context("read the folder of layers")?.path();
            if path.join(COMPLETE).exists()
                && !is_staging(&path)
                && let Some(name) = path.file_name().and_then(|name| name.to_str())
            {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }
}

impl Staging {
    /// Where to put the layer's tree.
    pub fn diff(&self) -> PathBuf {
        self.folder.join("diff")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a commit it is not there any more.
        let _ = remove(&self.folder);
    }
}

fn is_staging(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with(STAGING))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            fs::remove_file(path)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .with_context(|| format!("remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_seen_only_when_committed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Snapshots::open(folder.path()).unwrap();
        let staging = store.stage().unwrap();
        fs::write(staging.diff().join("x"), "x").unwrap();
        assert_eq!(store.list().unwrap(), Vec::<String>::new());
        let layer = store.commit(staging, "abc", About { size: 1 }).unwrap();
        assert_eq!(fs::read(layer.diff.join("x")).unwrap(), b"x");
        assert_eq!(store.get("abc"), Some(layer));
        assert_eq!(store.list().unwrap(), ["abc"]);
        store.remove("abc").unwrap();
        assert_eq!(store.get("abc"), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_first_to_commit_wins_and_nothing_is_left_of_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Snapshots::open(folder.path()).unwrap();
        let (first, second) = (store.stage().unwrap(), store.stage().unwrap());
        store.commit(first, "abc", About { size: 1 }).unwrap();
        let layer = store.commit(second, "abc", About { size: 1 }).unwrap();
        assert_eq!(layer.diff, folder.path().join("abc/diff"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_is_removed_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("abc/diff")).unwrap();
        fs::create_dir_all(folder.path().join("staging-1-0/diff")).unwrap();
        fs::write(folder.path().join("staging-1-0/complete"), "{}").unwrap();
        let store = Snapshots::open(folder.path()).unwrap();
        assert_eq!(store.get("abc"), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
