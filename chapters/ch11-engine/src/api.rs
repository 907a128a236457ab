//! The Engine API's bodies as types: what client and daemon write to each other.
//!
//! Names and meanings are those of Docker's Engine API 1.51
//! (docs.docker.com/reference/api/engine/version/v1.51). Reading is tolerant as Go's
//! `encoding/json` is: a field may be null, missing or empty, and one that nobody knows
//! is passed over. Checking what was read is the engine's business, not this module's.

#[macro_use]
mod tolerant;

pub mod container;
pub mod error;
pub mod event;
pub mod exec;
pub mod filters;
pub mod host;
pub mod image;
pub mod network;
pub mod system;
pub mod volume;

pub use container::{
    ContainerConfig, ContainerInspect, ContainerSummary, CreateRequest, Created,
};
pub use error::ErrorMessage;
pub use event::Event;
pub use filters::Filters;
pub use host::HostConfig;
pub use tolerant::{BadBody, Words, parse};

/// The newest version of the API that is spoken here.
pub const VERSION: &str = "1.51";
/// The oldest version that is answered.
pub const MIN_VERSION: &str = "1.24";
/// The media type of a terminal's stream: bytes as they come.
pub const RAW_STREAM: &str = "application/vnd.docker.raw-stream";
/// The media type of two streams in one: frames under an 8-byte header.
pub const MULTIPLEXED_STREAM: &str = "application/vnd.docker.multiplexed-stream";
/// The header by which a client asks for the steps of its requests.
pub const EXPLAIN_HEADER: &str = "Skiff-Explain";
/// The header of `/_ping` that says which build answers.
pub const BUILD_HEADER: &str = "Skiff-Build";
/// The header of `/_ping` that says that nobody started this daemon by hand.
pub const SELF_STARTED_HEADER: &str = "Skiff-Self-Started";
