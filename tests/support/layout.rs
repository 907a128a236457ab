//! Images made by hand: an OCI image layout of one layer, from nothing but bytes.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::needs::on_path;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image to be: the files of its one layer, and its configuration.
#[derive(Default)]
pub struct Layout {
    files: Vec<(String, Entry)>,
    config: Value,
    platforms: bool,
}

enum Entry {
    File(u32, Vec<u8>),
    Link(String),
}

impl Layout {
    /// An image with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            config: json!({ "Env": ["PATH=/bin"] }),
            ..Self::default()
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) -> Self {
        self.files
            .push((path.into(), Entry::File(mode, bytes.into())));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.files.push((path.into(), Entry::Link(target.into())));
        self
    }

    /// Sets a field of the configuration (`Cmd`, `Entrypoint`, `User`, …).
    #[must_use]
    pub fn config(mut self, field: &str, value: Value) -> Self {
        self.config[field] = value;
        self
    }

    /// Puts the image in an index, after one for a machine that nobody has.
    #[must_use]
    pub fn among_platforms(mut self) -> Self {
        self.platforms = true;
        self
    }

    /// Writes the layout into `dir`, under the name `tag`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, dir: &Path, tag: &str) {
        fs::create_dir_all(dir.join("blobs/sha256")).expect("a folder for blobs");
        let mut top = self.manifest(dir, machine());
        if self.platforms {
            let strange = Self::new()
                .file("strange", 0o644, "not for us")
                .manifest(dir, "s390x");
            let index = json!({
                "schemaVersion": 2, "mediaType": INDEX, "manifests": [strange, top],
            });
            top = blob(dir, INDEX, index.to_string().as_bytes());
        }
        top["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        let index = json!({ "schemaVersion": 2, "manifests": [top] });
        fs::write(dir.join("index.json"), index.to_string()).expect("an index");
        let version = json!({ "imageLayoutVersion": "1.0.0" }).to_string();
        fs::write(dir.join("oci-layout"), version).expect("the layout's mark");
    }

    fn manifest(&self, dir: &Path, machine: &str) -> Value {
        let tar = self.tar();
        let mut gzip =
            flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &tar).expect("memory");
        let layer = gzip.finish().expect("memory");
        let config = json!({
            "created": "2026-01-02T03:04:05Z", "architecture": machine, "os": "linux",
            "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": [digest(&tar)] },
            "history": [{ "created": "2026-01-02T03:04:05Z", "created_by": "by hand" }],
        });
        let oci = "application/vnd.oci.image";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": blob(dir, &format!("{oci}.config.v1+json"), config.to_string().as_bytes()),
            "layers": [blob(dir, &format!("{oci}.layer.v1.tar+gzip"), &layer)],
        });
        let mut entry = blob(dir, MANIFEST, manifest.to_string().as_bytes());
        entry["platform"] = json!({ "architecture": machine, "os": "linux" });
        entry
    }

    fn tar(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, entry) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_mtime(1_767_323_045);
            match entry {
                Entry::File(mode, bytes) => {
                    header.set_mode(*mode);
                    header.set_size(bytes.len() as u64);
                    tar.append_data(&mut header, path, bytes.as_slice())
                        .expect("memory");
                }
                Entry::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_mode(0o777);
                    header.set_size(0);
                    tar.append_link(&mut header, path, target).expect("memory");
                }
            }
        }
        tar.into_inner().expect("memory")
    }
}

/// Writes a blob; returns its descriptor.
fn blob(dir: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = digest(bytes);
    fs::write(dir.join("blobs").join(digest.replace(':', "/")), bytes).expect("a blob");
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// This machine in the words of images.
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// An image of the host's busybox, which must be static (Debian: `busybox-static`).
///
/// # Panics
/// If there is none: name [`Need::Tool`](crate::Need::Tool)`("busybox")` first.
#[must_use]
pub fn busybox() -> Layout {
    let program = on_path("busybox").expect("busybox");
    let bytes = fs::read(program).expect("busybox can be read");
    let applets = "cat chmod echo env false hostname id ip ls mkdir mount ps pwd rm sh sleep \
                   stat stty test touch true umount uname wc";
    let image = Layout::new().file("bin/busybox", 0o755, bytes);
    let image = image
        .file(
            "etc/passwd",
            0o644,
            "root:x:0:0::/root:/bin/sh\nsailor:x:1000:100::/:/bin/sh\n",
        )
        .file("etc/group", 0o644, "root:x:0:\ncrew:x:100:sailor\n")
        .config("Cmd", json!(["sh"]));
    applets.split_whitespace().fold(image, |image, name| {
        image.link(&format!("bin/{name}"), "busybox")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blob_is_what_its_name_says() {
        let dir = tempfile::tempdir().unwrap();
        let image = Layout::new().file("a/b", 0o600, "text").link("c", "a/b");
        image.among_platforms().write(dir.path(), "t");
        let blobs: Vec<_> = fs::read_dir(dir.path().join("blobs/sha256"))
            .unwrap()
            .collect();
        assert_eq!(
            blobs.len(),
            7,
            "an index, and twice manifest, config and layer"
        );
        for entry in blobs {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            assert_eq!(
                digest(&fs::read(entry.path()).unwrap()),
                format!("sha256:{name}")
            );
        }
        let index = fs::read_to_string(dir.path().join("index.json")).unwrap();
        let index: Value = serde_json::from_str(&index).unwrap();
        assert_eq!(index["manifests"][0]["mediaType"], INDEX);
    }

    #[test]
    fn a_layer_holds_what_was_put_in() {
        let bytes = Layout::new()
            .file("a/b", 0o640, "text")
            .link("c", "a/b")
            .tar();
        let mut tar = tar::Archive::new(bytes.as_slice());
        let told: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|e| {
                (
                    e.as_ref().unwrap().path().unwrap().into_owned(),
                    e.unwrap().size(),
                )
            })
            .collect();
        assert_eq!(told, [("a/b".into(), 4), ("c".into(), 0)]);
    }
}
