//! The store: images by name, their parts by digest, their layers unpacked.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use overlay::Snapshots;

use crate::blobs::Blobs;
use crate::digest::{Digest, chain_ids};
use crate::error::Error;
use crate::flights::Flights;
use crate::image::{Image, read_config};
use crate::layer;
use crate::manifest::{self, Document, LONGEST_DOCUMENT, Manifest};
use crate::names::Names;
use crate::reference::Reference;
use crate::toolbox;

/// All images of one data root. One process at a time may have it open; its threads
/// may share it.
#[derive(Debug)]
pub struct Store {
    pub(crate) root: PathBuf,
    pub(crate) blobs: Blobs,
    pub(crate) layers: Snapshots,
    names: Mutex<Names>,
    /// Which layers some thread is fetching or unpacking now.
    pub(crate) flights: Flights,
    /// Held while the toolbox is looked over or made.
    pub(crate) toolbox: Mutex<()>,
    /// Held while names are entered, and while what has no name is removed.
    collecting: Mutex<()>,
}

impl Store {
    /// Opens the images of a data root, making it if need be. What a crash left
    /// half-done is removed.
    pub fn open(data_root: &Path) -> Result<Self> {
        make_folder(data_root, 0o711)?;
        // Setuid programs of an image must be out of everybody's reach.
        make_folder(&data_root.join("layers"), 0o700)?;
        make_folder(&data_root.join("blobs"), 0o700)?;
        Ok(Self {
            root: data_root.to_owned(),
            blobs: Blobs::open(data_root)?,
            layers: Snapshots::open(&data_root.join("layers"))?,
            names: Mutex::new(Names::open(data_root)?),
            flights: Flights::default(),
            toolbox: Mutex::new(()),
            collecting: Mutex::new(()),
        })
    }

    /// The image that is meant by a name, a name with a tag or digest, an id, or the
    /// beginning of an id; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::BadReference`], and [`Error::Conflict`] when several ids begin so.
    pub fn resolve(&self, name: &str) -> Result<Option<Image>> {
        if let Ok(reference) = name.parse::<Reference>() {
            let reference = reference.or_latest();
            if toolbox::is_meant(&reference) {
                return self.toolbox().map(Some);
            }
            let manifest = self.names().get(&reference).cloned();
            if let Some(manifest) = manifest {
                return self.image(&manifest).map(Some);
            }
        }
        if let Some(prefix) = id_prefix(name) {
            return self.by_id(prefix);
        }
        name.parse::<Reference>()?;
        Ok(None)
    }

    /// All images, those with names first, in their order.
    pub fn list(&self) -> Result<Vec<Image>> {
        let mut manifests: Vec<Digest> = Vec::new();
        for (_, manifest) in self.names().iter() {
            if !manifests.contains(manifest) {
                manifests.push(manifest.clone());
            }
        }
        let mut images = Vec::with_capacity(manifests.len());
        for manifest in manifests {
            images.push(self.image(&manifest)?);
        }
        images.sort_by_key(|image| image.names.is_empty());
        Ok(images)
    }

    /// The folders to lay upon each other, the topmost first. Layers whose unpacked
    /// form was lost are unpacked from their blobs.
    pub fn stack(&self, image: &Image) -> Result<Vec<PathBuf>> {
        let mut folders = Vec::with_capacity(image.chain.len());
        for (at, chain) in image.chain.iter().enumerate() {
            let folder = match self.layers.get(chain.hex()) {
                Some(layer) => layer.diff,
                None => layer::unpack_blob(self, image, at)
                    .with_context(|| format!("unpack the layer {chain}"))?,
            };
            folders.push(folder);
        }
        folders.reverse();
        Ok(folders)
    }

    /// The image's configuration as its author wrote it.
    pub fn config_json(&self, image: &Image) -> Result<Vec<u8>> {
        self.blobs.read(&image.id, LONGEST_DOCUMENT)
    }

    /// The image's manifest as its author wrote it.
    pub fn manifest_json(&self, image: &Image) -> Result<Vec<u8>> {
        self.blobs.read(&image.manifest, LONGEST_DOCUMENT)
    }

    /// Makes `name` mean `image` too.
    ///
    /// # Errors
    /// [`Error::BadReference`]; [`Error::Reserved`] for `toolbox`.
    pub fn tag(&self, image: &Image, name: &str) -> Result<()> {
        let reference = name.parse::<Reference>()?.or_latest();
        if toolbox::is_meant(&reference) {
            return Err(Error::Reserved.into());
        }
        ensure!(
            reference.digest.is_none(),
            "refusing to create a tag with a digest reference"
        );
        let entered =
            self.enter([(reference, image.manifest.clone())], &image.blobs())?;
        ensure!(entered, Error::NoSuchImage(image.id.to_string()));
        Ok(())
    }

    /// Enters references durably, after the blobs that they lead to. False when one of
    /// `blobs` was removed meanwhile; then nothing is entered.
    pub(crate) fn enter(
        &self,
        references: impl IntoIterator<Item = (Reference, Digest)>,
        blobs: &[&Digest],
    ) -> Result<bool> {
        let _collecting = self.collecting();
        if !blobs.iter().all(|blob| self.blobs.has(blob)) {
            return Ok(false);
        }
        self.blobs.sync()?;
        let text =
            |(reference, manifest): (Reference, _)| (reference.to_string(), manifest);
        let mut names = self.names();
        names.change(|map: &mut BTreeMap<_, _>| {
            map.extend(references.into_iter().map(text));
        })?;
        Ok(true)
    }

    pub(crate) fn collecting(&self) -> MutexGuard<'_, ()> {
        self.collecting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn names(&self) -> MutexGuard<'_, Names> {
        // A panic elsewhere leaves the map as the file has it.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The image with that manifest.
    pub(crate) fn image(&self, manifest: &Digest) -> Result<Image> {
        let bytes = self.blobs.read(manifest, LONGEST_DOCUMENT)?;
        let Document::Manifest(parts) = manifest::parse(&bytes, None)? else {
            anyhow::bail!("{manifest} is an index, not an image");
        };
        let config = self.blobs.read(&parts.config.digest, LONGEST_DOCUMENT)?;
        let (config, diff_ids) = read_config(&config, &parts)?;
        let chain = chain_ids(&diff_ids);
        let mut image = Image {
            id: parts.config.digest.clone(),
            manifest: manifest.clone(),
            names: Vec::new(),
            digests: Vec::new(),
            size: self.size(&chain, &parts),
            config,
            chain,
            diff_ids,
            parts,
        };
        for (reference, at) in self.names().iter() {
            if at == manifest && reference.digest.is_some() {
                image.digests.push(reference.familiar());
            } else if at == manifest {
                image.names.push(reference.familiar());
            }
        }
        Ok(image)
    }

    fn size(&self, chain: &[Digest], parts: &Manifest) -> u64 {
        let layers = chain.iter().map(|chain| self.layers.get(chain.hex()));
        let sizes: Option<u64> = layers.map(|layer| Some(layer?.about.size)).sum();
        sizes.unwrap_or_else(|| parts.layers.iter().map(|layer| layer.size).sum())
    }

    fn by_id(&self, prefix: &str) -> Result<Option<Image>> {
        let mut images = self.list()?;
        images.retain(|image| image.id.hex().starts_with(prefix));
        images.dedup_by(|one, other| one.id == other.id);
        if images.len() > 1 {
            let text = format!("ambiguous image id {prefix:?}: several begin so");
            return Err(Error::Conflict(text).into());
        }
        Ok(images.pop())
    }
}

fn make_folder(path: &Path, mode: u32) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(mode);
    let made = builder.create(path);
    made.with_context(|| format!("make the folder {}", path.display()))
}

/// The hex digits of an id or of its beginning.
fn id_prefix(name: &str) -> Option<&str> {
    let hex = name.strip_prefix("sha256:").unwrap_or(name);
    let digits = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (digits && (1..=64).contains(&hex.len())).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_hex_and_no_longer_than_a_digest() {
        assert_eq!(id_prefix("sha256:ab1"), Some("ab1"));
        assert_eq!(id_prefix("ab1"), Some("ab1"));
        for text in ["", "sha256:", "xyz", "AB", &"a".repeat(65)] {
            assert_eq!(id_prefix(text), None, "{text}");
        }
    }
}
