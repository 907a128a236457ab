//! Manifests and indexes: small JSON documents that name an image's parts by digest.
//!
//! Both of docker's and OCI's kinds are read (OCI image spec, manifest.md and
//! image-index.md). A document that could be taken for either is refused
//! (CVE-2021-41190): two readers would see two images.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::Error;
use crate::platform::Platform;

/// The longest manifest, index or config that is read.
pub const LONGEST_DOCUMENT: u64 = 8 << 20;
/// overlayfs stacks no more (`OVL_MAX_STACK`).
const MOST_LAYERS: usize = 500;

/// OCI's image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI's index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// OCI's image config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI's layer, not compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's first format, for which nobody's tools are made any more.
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1";

/// Where some content is, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind of content it is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// In an index: the machines that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// One image for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its configuration.
    pub config: Descriptor,
    /// Its layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// What a registry's `manifests/` may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// The same image for several platforms.
    Index(Vec<Descriptor>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

/// Reads a manifest or an index. `content_type` is what the registry called it.
///
/// # Errors
/// It is neither, or could be both, or is of docker's first format.
pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Document> {
    let content_type = content_type
        .and_then(|kind| kind.split(';').next())
        .map(str::trim)
        .filter(|kind| !matches!(*kind, "" | "application/json" | "text/plain"));
    if content_type.is_some_and(|kind| kind.starts_with(SCHEMA_1)) {
        bail!("docker's manifest schema 1 is not supported: build the image anew");
    }
    let raw: Raw = serde_json::from_slice(bytes).context("read the manifest")?;
    ensure!(
        raw.schema_version == 2,
        "unsupported manifest schema version {}",
        raw.schema_version
    );
    if let (Some(said), Some(kind)) = (&raw.media_type, content_type) {
        ensure!(
            said == kind,
            "the manifest says that it is {said}, the registry that it is {kind}"
        );
    }
    let kind = raw.media_type.as_deref().or(content_type);
    let document = match (raw.config, raw.layers, raw.manifests) {
        (Some(config), Some(layers), None) => {
            check_kind(kind, &[OCI_MANIFEST, DOCKER_MANIFEST])?;
            Document::Manifest(Manifest { config, layers })
        }
        (None, None, Some(manifests)) => {
            check_kind(kind, &[OCI_INDEX, DOCKER_LIST])?;
            Document::Index(manifests)
        }
        _ => bail!("the manifest is neither an image nor an index, or both at once"),
    };
    if let Document::Manifest(manifest) = &document {
        check(manifest)?;
    }
    Ok(document)
}

fn check_kind(kind: Option<&str>, allowed: &[&str]) -> Result<()> {
    match kind {
        Some(kind) if !allowed.contains(&kind) => {
            bail!("unsupported manifest media type {kind}")
        }
        _ => Ok(()),
    }
}

fn check(manifest: &Manifest) -> Result<()> {
    let config = &manifest.config;
    ensure!(
        matches!(config.media_type.as_str(), OCI_CONFIG | DOCKER_CONFIG | ""),
        "not an image: its config is of the kind {}",
        config.media_type
    );
    ensure!(
        config.size <= LONGEST_DOCUMENT,
        "the image config is too large"
    );
    ensure!(
        manifest.layers.len() <= MOST_LAYERS,
        "the image has {} layers, more than can be laid upon each other",
        manifest.layers.len()
    );
    for layer in &manifest.layers {
        let kind = layer.media_type.as_str();
        ensure!(is_layer(kind), "unsupported layer media type {kind}");
        ensure!(
            i64::try_from(layer.size).is_ok(),
            "the layer {} claims {} bytes",
            layer.digest.short(),
            layer.size
        );
    }
    Ok(())
}

/// Compression is told by the content; the kind has only to be that of a tar.
fn is_layer(kind: &str) -> bool {
    let compressions = ["", "+gzip", "+zstd", ".gzip", ".zstd"];
    let tars = [
        OCI_LAYER,
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ];
    let suffix = tars.iter().find_map(|tar| kind.strip_prefix(tar));
    suffix.is_some_and(|suffix| compressions.contains(&suffix))
}

/// The manifest of an index that suits `platform` best.
pub fn choose<'a>(
    manifests: &'a [Descriptor],
    platform: &Platform,
) -> Result<&'a Descriptor, Error> {
    platform
        .choose(manifests.iter().map(|m| m.platform.as_ref()))
        .map(|at| &manifests[at])
        .ok_or_else(|| Error::NoPlatform(platform.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn descriptor(kind: &str, size: i128) -> Value {
        let digest = Digest::of(kind.as_bytes());
        serde_json::from_str(&format!(
            r#"{{"mediaType":"{kind}","digest":"{digest}","size":{size}}}"#
        ))
        .unwrap()
    }

    fn manifest() -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, 2),
            "layers": [descriptor(&format!("{OCI_LAYER}+gzip"), 3)],
        })
    }

    fn read(value: &Value, kind: Option<&str>) -> Result<Document> {
        parse(value.to_string().as_bytes(), kind)
    }

    #[test]
    fn an_image_and_an_index_are_told_apart() {
        let image = read(&manifest(), Some(OCI_MANIFEST)).unwrap();
        assert!(matches!(image, Document::Manifest(m) if m.layers.len() == 1));
        let index = json!({"schemaVersion": 2, "manifests": [
            descriptor(OCI_MANIFEST, 1)]});
        let index = read(&index, Some("application/vnd.oci.image.index.v1+json; x=y"));
        assert!(matches!(index.unwrap(), Document::Index(list) if list.len() == 1));
    }

    #[test]
    fn what_could_be_both_is_refused() {
        let mut both = manifest();
        both["manifests"] = json!([descriptor(OCI_MANIFEST, 1)]);
        assert!(read(&both, None).is_err());
        assert!(read(&manifest(), Some(OCI_INDEX)).is_err());
        assert!(read(&manifest(), Some(DOCKER_MANIFEST)).is_err());
        let twice = manifest().to_string().replacen('{', r#"{"layers":[],"#, 1);
        assert!(parse(twice.as_bytes(), None).is_err());
    }

    #[test]
    fn a_size_that_lies_grossly_is_refused() {
        for size in [-1, 1 << 63, i128::from(u64::MAX) + 1] {
            let mut lying = manifest();
            lying["layers"] = serde_json::from_str(
                &format!("[{}]", descriptor(OCI_LAYER, 7))
                    .replace(":7", &format!(":{size}")),
            )
            .unwrap_or(json!("unreadable"));
            assert!(read(&lying, None).is_err(), "{size} was taken");
        }
    }

    #[test]
    fn other_things_than_images_are_refused() {
        let mut chart = manifest();
        chart["config"] = descriptor("application/vnd.cncf.helm.config.v1+json", 2);
        assert!(
            read(&chart, None)
                .unwrap_err()
                .to_string()
                .contains("not an image")
        );
        let mut odd = manifest();
        odd["layers"] = json!([descriptor("application/vnd.in-toto+json", 2)]);
        assert!(read(&odd, None).is_err());
        let mut old = manifest();
        old["schemaVersion"] = json!(1);
        assert!(read(&old, None).is_err());
        assert!(parse(b"{", None).is_err());
        assert!(parse(b"null", None).is_err());
    }

    #[test]
    fn a_layer_of_any_compression_is_one() {
        for kind in [
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            OCI_LAYER,
        ] {
            assert!(is_layer(kind), "{kind}");
        }
        assert!(!is_layer("application/vnd.oci.image.layer.v1.tar+lzma"));
    }
}
