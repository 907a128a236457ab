//! Where a pull happens: a store, and what it must leave alone.

use std::path::Path;
use std::time::Duration;

use images::{Image, Progress, PullOptions, Store};

/// A store in a folder, beside a folder of which every byte must stay.
pub(crate) struct Ground {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
    canary: Vec<u8>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let canary = folder.path().join("canary");
        std::fs::create_dir_all(canary.join("folder")).unwrap();
        std::fs::write(canary.join("file"), "the canary lives").unwrap();
        std::fs::write(canary.join("folder/file"), "and this one").unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let canary = look(&canary);
        Self {
            folder,
            store,
            canary,
        }
    }

    pub(crate) fn canary(&self) -> String {
        self.folder.path().join("canary").display().to_string()
    }

    pub(crate) fn options() -> PullOptions {
        PullOptions {
            pause: Duration::from_millis(1),
            ..PullOptions::default()
        }
    }

    pub(crate) fn pull(&self, name: &str) -> anyhow::Result<Image> {
        let pulled = self
            .store
            .pull(name, &Self::options(), &mut |_: Progress| {});
        self.check_canary();
        pulled
    }

    /// The text of the error that a pull must end with; the store is as it was.
    pub(crate) fn refused(&self, name: &str) -> String {
        let error = self
            .pull(name)
            .err()
            .unwrap_or_else(|| panic!("{name} was pulled"));
        assert_eq!(self.store.list().unwrap().len(), 0, "an image is listed");
        assert_eq!(
            self.staging(),
            Vec::<String>::new(),
            "something was left behind"
        );
        format!("{error:#}")
    }

    /// Names of what is half-done in the store.
    pub(crate) fn staging(&self) -> Vec<String> {
        ["data/blobs/sha256", "data/layers"]
            .iter()
            .flat_map(|folder| {
                std::fs::read_dir(self.folder.path().join(folder)).unwrap()
            })
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.len() != 64)
            .collect()
    }

    pub(crate) fn has_blob(&self, digest: &str) -> bool {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.folder
            .path()
            .join("data/blobs/sha256")
            .join(hex)
            .exists()
    }

    pub(crate) fn check_canary(&self) {
        let now = look(&self.folder.path().join("canary"));
        assert!(now == self.canary, "the canary was touched");
    }
}

/// Everything about a tree that an escape could change.
fn look(folder: &Path) -> Vec<u8> {
    use std::os::unix::fs::MetadataExt;
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let mut seen = Vec::new();
    for path in entries {
        let what = std::fs::symlink_metadata(&path).unwrap();
        let told = (what.mode(), what.uid(), what.nlink(), what.mtime_nsec());
        seen.extend(format!("{} {told:?}\n", path.display()).as_bytes());
        match what.is_dir() {
            true => seen.extend(look(&path)),
            false => seen.extend(std::fs::read(&path).unwrap()),
        }
    }
    seen
}
