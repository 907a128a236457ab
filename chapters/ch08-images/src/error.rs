//! The errors that a caller tells apart; everything else is `anyhow`.
//!
//! The texts are docker's where docker has one: scripts look for them.

use crate::digest::Digest;

/// Why an image cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such image in the store.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// The registry has no such manifest or repository.
    #[error("{0}")]
    NotFound(String),
    /// The registry wants other credentials.
    #[error("{0}")]
    Denied(String),
    /// The registry cannot be reached.
    #[error("registry {registry} cannot be reached: {cause}")]
    Unreachable {
        /// Its host and port.
        registry: String,
        /// What the connection said.
        cause: String,
    },
    /// The image is for other machines.
    #[error("no matching manifest for {0} in the manifest list entries")]
    NoPlatform(String),
    /// A text is no image reference.
    #[error("{0}")]
    BadReference(String),
    /// A text is no digest.
    #[error("{1}: {0:?}")]
    BadDigest(String, &'static str),
    /// Content is not what its digest promises.
    #[error("{what} verification failed for digest {digest}")]
    Unverified {
        /// `manifest`, `image config` or `filesystem layer`.
        what: &'static str,
        /// The digest that was asked for.
        digest: Digest,
    },
    /// The name is the toolbox's own.
    #[error("the name \"toolbox\" is reserved for the image made of the host's programs")]
    Reserved,
    /// Several images begin like this, or several names hold an image.
    #[error("{0}")]
    Conflict(String),
    /// Whoever asked does not want it any more.
    #[error("context canceled")]
    Canceled,
}
