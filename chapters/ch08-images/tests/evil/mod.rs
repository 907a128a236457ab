//! A registry that lies as it is told, and the images that it has.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub(crate) mod archive;
mod ground;
mod server;

use std::collections::HashMap;

use images::Digest;
use serde_json::{Value, json};

pub(crate) use ground::Ground;
pub(crate) use server::{Evil, Reply, Request};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// An image as a registry has it: blobs by digest, and a manifest to be told lies in.
#[derive(Clone)]
pub(crate) struct Wares {
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    pub(crate) config: Value,
    pub(crate) manifest: Value,
}

impl Wares {
    /// An image of one layer, with a text of a hundred thousand bytes in it.
    pub(crate) fn of_text() -> Self {
        let text = "some text ".repeat(10_000);
        let archive = archive::Archive::new();
        Self::new(&[archive.dir("etc/").file("etc/hello", &text).end()])
    }

    /// An image of these layers, as they are.
    pub(crate) fn new(layers: &[Vec<u8>]) -> Self {
        Self::with_blobs(
            &layers
                .iter()
                .map(|tar| (tar.clone(), tar.clone()))
                .collect::<Vec<_>>(),
        )
    }

    /// An image of layers, each as its archive and as the blob that it comes in.
    pub(crate) fn with_blobs(layers: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let diff_ids: Vec<Digest> =
            layers.iter().map(|(tar, _)| Digest::of(tar)).collect();
        let config = json!({
            "architecture": images::Platform::host().architecture, "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": diff_ids }, "config": {},
        });
        let descriptors: Vec<Value> = layers
            .iter()
            .map(|(_, blob)| descriptor(LAYER, blob))
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {}, "layers": descriptors,
        });
        let blobs = layers
            .iter()
            .map(|(_, blob)| (Digest::of(blob).to_string(), blob.clone()));
        let mut wares = Self {
            blobs: blobs.collect(),
            config: Value::Null,
            manifest,
        };
        wares.set_config(config);
        wares
    }

    pub(crate) fn set_config(&mut self, config: Value) {
        let bytes = config.to_string().into_bytes();
        self.manifest["config"] = descriptor(CONFIG, &bytes);
        self.blobs.insert(Digest::of(&bytes).to_string(), bytes);
        self.config = config;
    }

    pub(crate) fn manifest_bytes(&self) -> Vec<u8> {
        self.manifest.to_string().into_bytes()
    }

    /// The digest of layer `at`, and its blob.
    pub(crate) fn layer(&self, at: usize) -> (String, Vec<u8>) {
        let digest = self.manifest["layers"][at]["digest"]
            .as_str()
            .unwrap()
            .to_owned();
        (
            digest.clone(),
            self.blobs.get(&digest).cloned().unwrap_or_default(),
        )
    }

    /// What an honest registry would answer.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let (_, last) = request.path.rsplit_once('/').unwrap_or_default();
        if request.path.contains("/manifests/") {
            return Reply::typed(MANIFEST, &self.manifest_bytes());
        }
        match self.blobs.get(last) {
            Some(blob) => Reply::ok(blob),
            None => Reply::missing(),
        }
    }

    pub(crate) fn serve(self) -> Evil {
        Evil::start(move |request| self.answer(request))
    }
}

pub(crate) fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len() })
}
