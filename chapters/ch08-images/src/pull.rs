//! x
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::platform::Platform;
use crate::progress::Progress;
use crate::store::{Image, Store};

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

impl std::fmt::Debug for Credentials {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Credentials({:?}, …)", self.username)
    }
}

impl Store {
    /// Fetches an image.
    pub fn pull(
        &self,
        _: &str,
        _: &PullOptions,
        _: &mut dyn FnMut(Progress),
    ) -> Result<Image> {
        bail!("soon")
    }
}
