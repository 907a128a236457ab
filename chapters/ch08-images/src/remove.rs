//! Removing: names first, then whatever no name leads to any more.

use std::collections::HashSet;

use anyhow::Result;

use crate::digest::Digest;
use crate::error::Error;
use crate::image::Image;
use crate::reference::Reference;
use crate::store::Store;
use crate::toolbox;

/// One line of what a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A reference, as people type it.
    Untagged(String),
    /// An image's id, or a layer's chain id.
    Deleted(Digest),
}

impl Store {
    /// Takes a name from its image; with its last name the image goes, and the layers
    /// and blobs that no other image has. Given by its id, the image loses all names,
    /// if they are of one repository or if `force` is given.
    ///
    /// Whether a container uses the image is the caller's to know.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`]; [`Error::Conflict`]; [`Error::Reserved`].
    pub fn remove(&self, name: &str, force: bool) -> Result<Vec<Removed>> {
        let missing = || Error::NoSuchImage(name.to_owned());
        let image = self.resolve(name)?.ok_or_else(missing)?;
        let mut removed = Vec::new();
        let going = self.going(name, &image, force)?;
        if going.iter().any(toolbox::is_meant) {
            return Err(Error::Reserved.into());
        }
        // No pull may end between looking what is used and removing what is not.
        let _collecting = self.collecting();
        self.names().change(|map| {
            for reference in &going {
                if map.remove(&reference.to_string()).is_some() {
                    removed.push(Removed::Untagged(reference.familiar()));
                }
            }
        })?;
        removed.extend(sweep_image(self, &image)?);
        Ok(removed)
    }

    /// The references that go when `name` is removed.
    fn going(&self, name: &str, image: &Image, force: bool) -> Result<Vec<Reference>> {
        let of_image = |(reference, at): (Reference, &Digest)| {
            (*at == image.manifest).then_some(reference)
        };
        let all: Vec<Reference> = self.names().iter().filter_map(of_image).collect();
        let typed = name.parse::<Reference>().ok().map(Reference::or_latest);
        let Some(typed) = typed.filter(|typed| all.contains(typed)) else {
            // It was given by its id.
            let repositories: HashSet<String> = all.iter().map(Reference::name).collect();
            let tags = all
                .iter()
                .filter(|reference| reference.tag.is_some())
                .count();
            if (repositories.len() > 1 || tags > 1) && !force {
                let text = format!(
                    "conflict: unable to delete {} (must be forced) - image is \
                     referenced in multiple repositories",
                    image.id.short()
                );
                return Err(Error::Conflict(text).into());
            }
            return Ok(all);
        };
        // The digest of a repository goes with the last tag of it.
        let same = |other: &&Reference| other.name() == typed.name() && **other != typed;
        let others: Vec<&Reference> = all.iter().filter(same).collect();
        let last = others.iter().all(|other| other.tag.is_none());
        let digests = others
            .into_iter()
            .filter(|_| last)
            .cloned()
            .collect::<Vec<_>>();
        Ok([vec![typed], digests].concat())
    }
}

/// Removes the parts of an image that no name leads to any more, the topmost layer
/// first.
fn sweep_image(store: &Store, image: &Image) -> Result<Vec<Removed>> {
    let used = Used::of(store)?;
    let mut removed = Vec::new();
    if used.blobs.contains(&image.manifest) {
        return Ok(removed);
    }
    if !used.blobs.contains(&image.id) {
        removed.push(Removed::Deleted(image.id.clone()));
    }
    for chain in image.chain.iter().rev() {
        if !used.layers.contains(chain) && store.layers.get(chain.hex()).is_some() {
            store.layers.remove(chain.hex())?;
            removed.push(Removed::Deleted(chain.clone()));
        }
    }
    let layers = image.parts.layers.iter().map(|layer| &layer.digest);
    for blob in layers.chain([&image.id, &image.manifest]) {
        if !used.blobs.contains(blob) {
            store.blobs.remove(blob)?;
        }
    }
    Ok(removed)
}

/// What the images with names consist of.
struct Used {
    blobs: HashSet<Digest>,
    layers: HashSet<Digest>,
}

impl Used {
    fn of(store: &Store) -> Result<Self> {
        let mut used = Self {
            blobs: HashSet::new(),
            layers: HashSet::new(),
        };
        for image in store.list()? {
            used.blobs
                .extend(image.parts.layers.into_iter().map(|layer| layer.digest));
            used.blobs.extend([image.id, image.manifest]);
            used.layers.extend(image.chain);
        }
        Ok(used)
    }
}
