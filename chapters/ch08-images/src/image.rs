//! One image: its names, what its manifest and its configuration say of it.

use anyhow::{Context, Result, ensure};
use oci_spec::image::ImageConfiguration;

use crate::digest::Digest;
use crate::manifest::Manifest;

/// An image in the store.
// ANCHOR: Image
#[derive(Clone, Debug)]
pub struct Image {
    /// The digest of its configuration: what docker calls its id.
    pub id: Digest,
    /// The digest of its manifest for this platform.
    pub manifest: Digest,
    /// Its tags as people type them, sorted: `busybox:latest`.
    pub names: Vec<String>,
    /// Its repositories with the digests that they know it by: `busybox@sha256:…`.
    pub digests: Vec<String>,
    /// Its configuration, as far as OCI specifies it; [`Store::config_json`](crate::Store::config_json) has all.
    pub config: ImageConfiguration,
    /// The bytes of the files in its layers, or of the blobs when not unpacked.
    pub size: u64,
    /// The chain ids of its layers, the lowest first.
    pub chain: Vec<Digest>,
    /// The digests of its layers uncompressed, the lowest first.
    pub diff_ids: Vec<Digest>,
    /// What its manifest says.
    pub parts: Manifest,
}
// ANCHOR_END: Image

impl Image {
    /// The blobs that it consists of.
    pub(crate) fn blobs(&self) -> Vec<&Digest> {
        let layers = self.parts.layers.iter().map(|layer| &layer.digest);
        layers.chain([&self.id, &self.manifest]).collect()
    }
}

/// Reads an image's configuration, and checks that it fits the manifest.
pub(crate) fn read_config(
    bytes: &[u8],
    parts: &Manifest,
) -> Result<(ImageConfiguration, Vec<Digest>)> {
    let config: ImageConfiguration =
        serde_json::from_slice(bytes).context("read the image config")?;
    let diff_ids = config.rootfs().diff_ids().iter().map(|id| id.parse());
    let diff_ids: Vec<Digest> = diff_ids.collect::<Result<_, _>>()?;
    ensure!(
        diff_ids.len() == parts.layers.len(),
        "the image config names {} layers, the manifest {}",
        diff_ids.len(),
        parts.layers.len()
    );
    Ok((config, diff_ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    fn parts(layers: usize) -> Manifest {
        let descriptor = manifest::Descriptor {
            media_type: String::new(),
            digest: Digest::of(b""),
            size: 0,
            platform: None,
        };
        Manifest {
            config: descriptor.clone(),
            layers: vec![descriptor; layers],
        }
    }

    #[test]
    fn dockers_nulls_are_nothing() {
        let config = br#"{"architecture":"amd64","os":"linux","created":null,
            "config":{"Env":null,"Cmd":null,"Volumes":null,"ExposedPorts":null,
            "Labels":null,"Entrypoint":null,"OnBuild":null,"User":"","Image":"x"},
            "container_config":{"Cmd":null},"history":null,"docker_version":"1",
            "rootfs":{"type":"layers","diff_ids":[]}}"#;
        let (config, diff_ids) = read_config(config, &parts(0)).unwrap();
        assert!(diff_ids.is_empty());
        assert!(config.config().as_ref().unwrap().env().is_none());
    }

    #[test]
    fn a_config_that_does_not_fit_is_refused() {
        let config = |more: &str| {
            format!(r#"{{"architecture":"amd64","os":"linux"{more}}}"#).into_bytes()
        };
        let none = config(r#","rootfs":{"type":"layers","diff_ids":[]}"#);
        assert!(read_config(&none, &parts(1)).is_err());
        assert!(read_config(&config(""), &parts(0)).is_err());
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        let deep = config(&format!(",\"config\":{deep}"));
        assert!(read_config(&deep, &parts(0)).is_err());
    }
}
