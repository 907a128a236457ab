//! `images.json`: which reference means which manifest.
//!
//! A pull enters two references, `…/busybox:latest` and `…/busybox@sha256:…`. When the
//! tag moves on, the second stays: the old image is listed without a tag.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use workbench::files::write_atomic;

use crate::digest::Digest;
use crate::reference::Reference;

/// The references of one data root.
#[derive(Debug)]
pub(crate) struct Names {
    file: PathBuf,
    map: BTreeMap<String, Digest>,
}

impl Names {
    /// Reads the file, which need not exist yet.
    pub(crate) fn open(data_root: &Path) -> Result<Self> {
        let file = data_root.join("images.json");
        let map = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("read {}", file.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", file.display()));
            }
        };
        Ok(Self { file, map })
    }

    /// The manifest that a reference means.
    pub(crate) fn get(&self, reference: &Reference) -> Option<&Digest> {
        self.map.get(&reference.to_string())
    }

    /// All references with their manifests, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reference, &Digest)> {
        self.map
            .iter()
            .filter_map(|(name, manifest)| Some((name.parse().ok()?, manifest)))
    }

    /// Changes the references and makes that durable.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut BTreeMap<String, Digest>),
    ) -> Result<()> {
        let mut map = self.map.clone();
        change(&mut map);
        if map != self.map {
            let text = serde_json::to_vec_pretty(&map).context("write images.json")?;
            write_atomic(&self.file, &text, true)?;
            self.map = map;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_outlive_the_process() {
        let root = tempfile::tempdir().unwrap();
        let reference: Reference = "busybox:latest".parse().unwrap();
        let digest = Digest::of(b"manifest");
        let mut names = Names::open(root.path()).unwrap();
        let entry = (reference.to_string(), digest.clone());
        names.change(|map| map.extend([entry])).unwrap();
        let names = Names::open(root.path()).unwrap();
        assert_eq!(names.get(&reference), Some(&digest));
        assert_eq!(names.iter().count(), 1);
        fs::write(root.path().join("images.json"), "{").unwrap();
        assert!(Names::open(root.path()).is_err());
    }
}
