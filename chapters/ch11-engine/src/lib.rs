//! The engine: containers by name, kept across the end of the program that made them.
//!
//! [`api`] is what travels: the Engine API's bodies, as Rust types. The daemon is
//! three layers, each of which knows only the one before it: [`core`] decides (a state
//! machine: no HTTP, no file, no clock), [`effects`] performs (files, bundles, shims),
//! [`server`] listens. [`client`] is the other end of the socket.
//!
//! Read in this order: `core.rs`, `core/container.rs`, `core/decide.rs`, `effects.rs`,
//! `effects/start.rs`, `effects/recover.rs`, `server/attach.rs`; the rest is for
//! reference.

pub mod api;
mod build_id;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
pub mod core;
#[cfg(feature = "server")]
pub mod effects;
#[cfg(feature = "server")]
pub mod server;

pub use build_id::BUILD_ID;
