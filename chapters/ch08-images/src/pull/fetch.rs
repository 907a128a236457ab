//! One layer of a pull: downloaded, kept and unpacked at the same time.

use std::io::Write;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::digest::Digest;
use crate::layer;
use crate::manifest::Descriptor;
use crate::pipe::{Writer, pipe};
use crate::progress::{LayerStatus, Progress};
use crate::registry::{Download, Registry};
use crate::store::Store;

/// How often a download tells how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// What a download reads at once.
const CHUNK: usize = 64 << 10;

/// One layer on its way.
pub(super) struct Fetch<'a> {
    pub(super) store: &'a Store,
    pub(super) registry: &'a Registry,
    pub(super) layer: &'a Descriptor,
    pub(super) tell: &'a Sender<Progress>,
}

impl Fetch<'_> {
    /// Fetches it, unpacks it and keeps both, unless another thread did so meanwhile.
    pub(super) fn layer(&self, diff_id: &Digest, chain: &Digest) -> Result<()> {
        let _flight = self.store.flights.take(&self.layer.digest);
        self.registry.check_canceled()?;
        if self.store.is_here(self.layer, chain) {
            // Somebody else was at it before us.
            self.tell(LayerStatus::AlreadyExists, 0);
            return Ok(());
        }
        let blob = self.store.blobs.has(&self.layer.digest);
        let done = if blob {
            self.tell(LayerStatus::Extracting, 0);
            let source = self.store.blobs.file(&self.layer.digest)?;
            layer::unpack(&self.store.layers, source, diff_id, chain)
        } else {
            self.stream(diff_id, chain)
        };
        done.with_context(|| format!("pull the layer {}", self.layer.digest.short()))?;
        self.tell(LayerStatus::PullComplete, 0);
        Ok(())
    }

    // ANCHOR: stream
    /// Downloads the blob and unpacks what has come of it, both at once.
    fn stream(&self, diff_id: &Digest, chain: &Digest) -> Result<()> {
        let (writer, reader) = pipe();
        let (downloaded, unpacked) = thread::scope(|scope| {
            let unpacking = scope
                .spawn(move || layer::unpack(&self.store.layers, reader, diff_id, chain));
            let downloaded = self.download(writer);
            (downloaded, unpacking.join())
        });
        // A damaged download is the cause of what unpacking says of it.
        downloaded?;
        let unpacked = unpacked.map_err(|_| anyhow!("the unpacking thread panicked"))?;
        if unpacked.is_err() {
            // The registry sent what was asked for, and nobody wants it.
            let _ = self.store.blobs.remove(&self.layer.digest);
        }
        unpacked
    }
    // ANCHOR_END: stream

    /// Downloads the blob into the store, and into the pipe as long as anybody reads.
    fn download(&self, writer: Writer) -> Result<()> {
        let mut blob = self.store.blobs.create()?;
        let mut download = Download::new(self.registry, self.layer);
        let (mut at, mut told, mut wanted) = (0u64, Instant::now(), true);
        loop {
            let mut chunk = vec![0; CHUNK];
            let mut retrying = || self.tell(LayerStatus::Retrying, at);
            let length = download.read(&mut chunk, &mut retrying)?;
            if length == 0 {
                break;
            }
            chunk.truncate(length);
            blob.write_all(&chunk).context("write the blob")?;
            at += length as u64;
            if at == length as u64 || told.elapsed() > TELL_EVERY {
                self.tell(LayerStatus::Downloading, at);
                told = Instant::now();
            }
            // Unpacking may have failed; why, is told when the digest is known.
            wanted = wanted && writer.send(chunk);
        }
        self.tell(LayerStatus::VerifyingChecksum, 0);
        let digest = &self.layer.digest;
        blob.commit_as(&self.store.blobs, digest, "filesystem layer")?;
        self.tell(LayerStatus::DownloadComplete, 0);
        self.tell(LayerStatus::Extracting, at);
        writer.send(Vec::new());
        Ok(())
    }

    fn tell(&self, status: LayerStatus, current: u64) {
        // The receiver outlives us; and who does not listen misses nothing else.
        let _ = self.tell.send(Progress::Layer {
            id: self.layer.digest.short().to_owned(),
            status,
            current,
            total: self.layer.size,
        });
    }
}
