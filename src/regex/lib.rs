//! The crate `regex` of this workspace: see `Cargo.toml`.

pub use regex_lite::*;
