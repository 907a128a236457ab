//! The image `toolbox`: the host's own programs as a true one-layer image.
//!
//! It needs no registry, so that a container runs on a machine without a network. It is
//! packed again only when the host's programs changed; the same programs give the
//! same bytes, and so the same digests.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::{Context, Result};
use chroot::toolbox::{self, Entry, Kind, Toolbox};
use serde_json::json;
use tar::{EntryType, Header};
use workbench::files::write_atomic;

use crate::blobs::{Blobs, Incoming};
use crate::digest::Digest;
use crate::image::Image;
use crate::manifest::{OCI_CONFIG, OCI_LAYER, OCI_MANIFEST};
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::Store;

/// The reserved name.
const NAME: &str = "toolbox";
/// A container's search path.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether a reference is the toolbox's.
pub(crate) fn is_meant(reference: &Reference) -> bool {
    reference.familiar_name() == NAME
        && reference.digest.is_none()
        && reference.tag.as_deref().is_none_or(|tag| tag == "latest")
}

impl Store {
    /// The image `toolbox:latest`, made from the host's own programs if it is not there
    /// or if they changed.
    ///
    /// # Errors
    /// The host has no shell, or the store cannot be written.
    pub fn toolbox(&self) -> Result<Image> {
        let _one = self.toolbox.lock().unwrap_or_else(PoisonError::into_inner);
        let reference = NAME.parse::<Reference>()?.or_latest();
        let file = self.root.join("toolbox.fingerprint");
        let known = self.names().get(&reference).cloned();
        if let Some(manifest) = &known
            && fs::read_to_string(&file).is_ok_and(|text| toolbox::is_current(&text))
        {
            return self.image(manifest);
        }
        let toolbox = toolbox::of_host().context("make the image toolbox")?;
        let manifest = pack(&self.blobs, &toolbox).context("make the image toolbox")?;
        // By its digest an older toolbox stays known, as containers may lie upon it.
        let by_digest = (reference.at(&manifest), manifest.clone());
        self.enter([(reference, manifest.clone()), by_digest], &[])?;
        let fingerprint = toolbox.fingerprint();
        write_atomic(&file, fingerprint.as_bytes(), false)?;
        self.image(&manifest)
    }
}

// ANCHOR: pack
/// Packs a toolbox into three blobs, layer, config and manifest; returns the digest
/// of the last.
fn pack(blobs: &Blobs, toolbox: &Toolbox) -> Result<Digest> {
    let time = u64::try_from(toolbox.newest()).unwrap_or(0);
    let mut archive = Archive {
        to: blobs.create()?,
        time,
    };
    for entry in &toolbox.entries {
        archive
            .entry(entry)
            .with_context(|| format!("pack {}", entry.path.display()))?;
    }
    let (layer, size) = archive.end()?.commit(blobs)?;
    let platform = Platform::host();
    let created = jiff::Timestamp::from_second(toolbox.newest())?.to_string();
    let mut config = json!({
        "created": created,
        "architecture": platform.architecture,
        "os": platform.os,
        "config": { "Env": [PATH], "Cmd": ["sh"], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [layer] },
        "history": [{ "created": created, "created_by": "the host's own programs" }],
    });
    if let Some(variant) = platform.variant {
        config["variant"] = variant.into();
    }
    let config = serde_json::to_vec(&config).context("write the config")?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": OCI_CONFIG,
            "digest": blobs.put(&config)?,
            "size": config.len(),
        },
        "layers": [{ "mediaType": OCI_LAYER, "digest": layer, "size": size }],
    });
    blobs.put(&serde_json::to_vec(&manifest).context("write the manifest")?)
}
// ANCHOR_END: pack

/// The layer being written: everything in it is root's.
struct Archive {
    to: Incoming,
    /// The time of what is not a copy.
    time: u64,
}

impl Archive {
    fn entry(&mut self, entry: &Entry) -> Result<()> {
        let path = &entry.path;
        match &entry.kind {
            Kind::Dir { mode } => {
                let header = self.header(EntryType::Directory, *mode, 0);
                self.put(header, &path.join(""), None, io::empty())
            }
            Kind::Link { to } => {
                let header = self.header(EntryType::Symlink, 0o777, 0);
                self.put(header, path, Some(to), io::empty())
            }
            Kind::Text { text, mode } => {
                let header = self.header(EntryType::Regular, *mode, text.len() as u64);
                self.put(header, path, None, text.as_bytes())
            }
            Kind::File { from, mode } => {
                let file = File::open(from).context("open a program")?;
                let found = file.metadata().context("look at a program")?;
                let mut header = self.header(EntryType::Regular, *mode, found.len());
                let time = std::os::unix::fs::MetadataExt::mtime(&found);
                header.set_mtime(u64::try_from(time).unwrap_or(0));
                self.put(header, path, None, file)
            }
        }
    }

    fn header(&self, kind: EntryType, mode: u32, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        header.set_mtime(self.time);
        header
    }

    fn put(
        &mut self,
        mut header: Header,
        path: &Path,
        link: Option<&PathBuf>,
        data: impl Read,
    ) -> Result<()> {
        if header.set_path(path).is_err() {
            self.long(b'L', path)?;
        }
        if let Some(link) = link
            && header
                .set_link_name_literal(link.as_os_str().as_bytes())
                .is_err()
        {
            self.long(b'K', link)?;
        }
        let size = header.entry_size().context("read our own header")?;
        header.set_cksum();
        self.to
            .write_all(header.as_bytes())
            .context("write the layer")?;
        let copied = io::copy(&mut data.take(size), &mut self.to)?;
        // A program that shrank meanwhile is filled up: the next start packs anew.
        let end = size.next_multiple_of(512) - copied;
        io::copy(&mut io::repeat(0).take(end), &mut self.to)
            .context("write the layer")?;
        Ok(())
    }

    /// A name that does not fit into a header goes before it, as GNU tar does it.
    fn long(&mut self, kind: u8, name: &Path) -> Result<()> {
        let name = name.as_os_str().as_bytes();
        let size = name.len() as u64 + 1;
        let mut header = self.header(EntryType::new(kind), 0o644, size);
        header
            .set_path("././@LongLink")
            .context("name a long name")?;
        header.set_cksum();
        self.to.write_all(header.as_bytes())?;
        self.to.write_all(name)?;
        let end = size.next_multiple_of(512) - size + 1;
        io::copy(&mut io::repeat(0).take(end), &mut self.to)
            .context("write the layer")?;
        Ok(())
    }

    fn end(mut self) -> Result<Incoming> {
        self.to.write_all(&[0; 1024]).context("write the layer")?;
        Ok(self.to)
    }
}
