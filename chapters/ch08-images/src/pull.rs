//! Pulling: from a name to an image in the store.
//!
//! The manifest tells the parts, the config the layers' chain ids, so that all layers can
//! be fetched and unpacked at once, in any order: a layer's tree does not depend on
//! those below it. Each is a pipeline of its own, download and hash, inflate, hash and
//! unpack. Only when every part is verified and durable is the name entered.

mod fetch;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};

use crate::digest::{Digest, chain_ids};
use crate::error::Error;
use crate::image::{Image, read_config};
use crate::manifest::{self, Descriptor, Document, Manifest};
use crate::platform::Platform;
use crate::progress::{LayerStatus, Progress};
use crate::reference::Reference;
use crate::registry::Registry;
use crate::store::Store;
use crate::toolbox;
use fetch::Fetch;

/// As many layers are fetched at once, as docker does.
const AT_ONCE: usize = 3;

/// How to pull.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// For which machine; this one when `None`.
    pub platform: Option<Platform>,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// Set from elsewhere, it ends the pull.
    pub cancel: Arc<AtomicBool>,
    /// How long to wait before the first retry; each further one waits longer.
    pub pause: Duration,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            platform: None,
            credentials: None,
            cancel: Arc::default(),
            pause: Duration::from_secs(1),
        }
    }
}

/// A user of a registry.
#[derive(Clone)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password, or a token in its place.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Credentials({:?}, …)", self.username)
    }
}

/// What a name turned out to mean.
struct Meaning {
    /// The digest of what the registry has at the name: an index or a manifest.
    target: Digest,
    manifest_bytes: Vec<u8>,
    parts: Manifest,
    config_bytes: Vec<u8>,
    diff_ids: Vec<Digest>,
}

impl Store {
    // ANCHOR: pull
    /// Fetches the image that `name` means from its registry, unless it is here.
    ///
    /// `progress` is told, on this thread, what docker would show.
    ///
    /// # Errors
    /// [`Error`], where the cause is one of its; the store is then as it was, but for
    /// layers that were whole.
    pub fn pull(
        &self,
        name: &str,
        options: &PullOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Image> {
        let reference = name.parse::<Reference>()?.or_latest();
        if toolbox::is_meant(&reference) {
            return Err(Error::Reserved.into());
        }
        let registry = Registry::new(&reference, options)?;
        let at = match (&reference.digest, &reference.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_default(),
        };
        let meaning = find(&registry, &reference, &at, options)?;
        progress(Progress::PullingFrom {
            repository: reference.path.clone(),
            tag: at,
        });
        let old = self.names().get(&reference).cloned();
        self.fetch(&registry, &meaning, progress)?;
        let manifest = self.blobs.put(&meaning.manifest_bytes)?;
        let config = self.blobs.put(&meaning.config_bytes)?;
        let by_digest = (reference.at(&meaning.target), manifest.clone());
        let by_name = (reference.clone(), manifest.clone());
        let layers = meaning.parts.layers.iter().map(|layer| &layer.digest);
        let blobs: Vec<&Digest> = layers.chain([&manifest, &config]).collect();
        ensure!(
            self.enter([by_digest, by_name], &blobs)?,
            "parts of {name} were removed while it was pulled"
        );
        progress(Progress::Digest(meaning.target));
        let news = match old {
            Some(old) if old == manifest => "Image is up to date",
            _ => "Downloaded newer image",
        };
        let shown = reference.familiar();
        progress(Progress::Status(format!("Status: {news} for {shown}")));
        self.image(&manifest)
    }
    // ANCHOR_END: pull

    /// Fetches and unpacks the layers that are not here, some at once.
    fn fetch(
        &self,
        registry: &Registry,
        meaning: &Meaning,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let chain = chain_ids(&meaning.diff_ids);
        let mut missing = Vec::new();
        for (at, layer) in meaning.parts.layers.iter().enumerate() {
            let here = self.is_here(layer, &chain[at]);
            if !here {
                missing.push(at);
            }
            progress(Progress::Layer {
                id: layer.digest.short().to_owned(),
                status: match here {
                    true => LayerStatus::AlreadyExists,
                    false => LayerStatus::PullingFsLayer,
                },
                current: 0,
                total: 0,
            });
        }
        let (told, next) = (channel(), AtomicUsize::new(0));
        let work = |tell: &Sender<Progress>| -> Result<()> {
            while let Some(at) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let layer = &meaning.parts.layers[*at];
                let fetch = Fetch {
                    store: self,
                    registry,
                    layer,
                    tell,
                };
                fetch
                    .layer(&meaning.diff_ids[*at], &chain[*at])
                    .inspect_err(|_| {
                        // The others need not begin another one.
                        next.store(missing.len(), Ordering::Relaxed);
                    })?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..missing.len().min(AT_ONCE))
                .map(|_| {
                    let tell = told.0.clone();
                    let work = &work;
                    scope.spawn(move || work(&tell))
                })
                .collect();
            drop(told.0);
            told.1.iter().for_each(&mut *progress);
            let ended = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("a fetching thread panicked")))
            });
            ended.collect::<Vec<_>>().into_iter().collect()
        })
    }

    /// Whether a layer is here, as a blob and unpacked.
    pub(crate) fn is_here(&self, layer: &Descriptor, chain: &Digest) -> bool {
        self.layers.get(chain.hex()).is_some() && self.blobs.has(&layer.digest)
    }
}

/// Asks the registry what a name means for a platform.
fn find(
    registry: &Registry,
    reference: &Reference,
    at: &str,
    options: &PullOptions,
) -> Result<Meaning> {
    let (bytes, kind) = registry.manifest(at)?;
    let target = Digest::of(&bytes);
    verify("manifest", reference.digest.as_ref(), &target)?;
    let host = Platform::host();
    let platform = options.platform.as_ref().unwrap_or(&host);
    let (manifest_bytes, parts) = match manifest::parse(&bytes, kind.as_deref())? {
        Document::Manifest(parts) => (bytes, parts),
        Document::Index(manifests) => {
            let chosen = manifest::choose(&manifests, platform)?;
            let (bytes, kind) = registry.manifest(chosen.digest.as_str())?;
            verify("manifest", Some(&chosen.digest), &Digest::of(&bytes))?;
            let Document::Manifest(parts) = manifest::parse(&bytes, kind.as_deref())?
            else {
                bail!("an index in an index is no image");
            };
            (bytes, parts)
        }
    };
    let config_bytes = registry.document(&parts.config.digest)?;
    let digest = Digest::of(&config_bytes);
    verify("image config", Some(&parts.config.digest), &digest)?;
    let (config, diff_ids) = read_config(&config_bytes, &parts)?;
    let os = config.os().to_string();
    ensure!(
        os == "linux" || os.is_empty(),
        "image operating system {os:?} cannot be used on this platform"
    );
    if options.platform.is_some()
        && config.architecture().to_string() != platform.architecture
    {
        return Err(Error::NoPlatform(platform.to_string()).into());
    }
    Ok(Meaning {
        target,
        manifest_bytes,
        parts,
        config_bytes,
        diff_ids,
    })
}

fn verify(
    what: &'static str,
    expected: Option<&Digest>,
    digest: &Digest,
) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != digest => Err(Error::Unverified {
            what,
            digest: expected.clone(),
        }),
        _ => Ok(()),
    }
}
