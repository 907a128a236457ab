//! A registry that lies as it is told, and the images that it has.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub(crate) mod archive;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use images::{Digest, Image, Progress, PullOptions, Store};
use serde_json::{Value, json};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// What a client asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
}

/// What it gets: bytes on the wire, then the connection is closed.
pub(crate) struct Reply(pub(crate) Vec<u8>);

impl Reply {
    pub(crate) fn new(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let length = body.len().to_string();
        let mut all = vec![("content-length", length.as_str()), ("connection", "close")];
        all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
        all.extend(headers);
        let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            bytes.extend(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        Self(bytes)
    }

    pub(crate) fn ok(body: &[u8]) -> Self {
        Self::new("200 OK", &[], body)
    }

    pub(crate) fn typed(kind: &str, body: &[u8]) -> Self {
        Self::new("200 OK", &[("content-type", kind)], body)
    }

    pub(crate) fn missing() -> Self {
        let body =
            br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        Self::new("404 Not Found", &[], body)
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::new("307 Temporary Redirect", &[("location", to)], b"")
    }

    /// The first `length` bytes of the whole, as if the connection broke.
    pub(crate) fn cut(mut self, body_bytes: usize) -> Self {
        let head = self
            .0
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        self.0.truncate(head + body_bytes);
        self
    }
}

/// A server on a port of this machine. Its threads end with the test's process.
pub(crate) struct Evil {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Evil {
    pub(crate) fn start(
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn name(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// How often something below `part` of the path was asked for.
    pub(crate) fn times(&self, part: &str) -> usize {
        self.asked()
            .iter()
            .filter(|request| request.path.contains(part))
            .count()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Reply,
) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let request = Request { path, headers };
    log.lock().unwrap().push(request.clone());
    // Whoever hangs up early is a case, not an error.
    let _ = (&stream).write_all(&answer(&request).0);
}

/// An image as a registry has it: blobs by digest, and a manifest to be told lies in.
#[derive(Clone)]
pub(crate) struct Wares {
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    pub(crate) config: Value,
    pub(crate) manifest: Value,
}

impl Wares {
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
