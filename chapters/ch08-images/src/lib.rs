//! Images: names, digests, manifests, layers; how they are fetched and unpacked.
//!
//! [`Store`] holds the images of one data root and is what the engine talks to. The
//! eight hundred lines to read first, in this order: [`mod@reference`], [`digest`],
//! [`manifest`], `blobs`, `pull`, `unpack`. The registry's protocol is in `registry`,
//! the tar format in `tarball`; [`Store::toolbox`] makes an image without a registry.
//!
//! Everything that comes out of an image or a registry is hostile here: a digest is
//! believed after the content was hashed, a path after it was resolved below the
//! layer's own root. Nothing here runs a container.

#[cfg(test)]
#[path = "../tests/evil/archive.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod archive;
mod blobs;
pub mod digest;
mod error;
mod flights;
mod image;
mod layer;
pub mod manifest;
mod names;
mod pipe;
pub mod platform;
mod progress;
mod pull;
pub mod reference;
mod registry;
mod remove;
mod store;
mod tarball;
mod toolbox;
mod unpack;
mod zstd;

pub use digest::Digest;
pub use error::Error;
pub use image::Image;
pub use platform::Platform;
pub use progress::{LayerStatus, Progress};
pub use pull::{Credentials, PullOptions};
pub use reference::Reference;
pub use remove::Removed;
pub use store::Store;
