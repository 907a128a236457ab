//! What every test that looks at skiff from outside shares.
//!
//! - [`needs`]: a test names what it needs of the machine; without it, it is skipped aloud.
//! - [`run`], [`Job`], [`Terminal`]: a program under a time limit, its output kept.
//! - [`Ordinary`]: the same program as somebody who is not root; [`filtered`]: behind a
//!   seccomp filter.
//! - [`World`]: a machine inside this machine, whose end is the clean-up.
//! - [`Ledger`]: what there is in a world, compared before and after.
//! - [`ladder`]: attacks on every chapter's program, one list for all.
//! - [`Transcript`]: what the book prints, compared with what is seen; [`generated`]:
//!   what it prints of data; [`demo`](fn@demo): the transcripts of a chapter, played.
//! - [`Registry`] and [`layout`]: images to pull and a place to pull them from.
//!
//! Nothing here knows how skiff works inside: of the chapters, this crate uses only the
//! workbench, to draw the steps that a transcript shows.

mod demo;
mod filter;
mod job;
pub mod ladder;
mod layout;
mod ledger;
mod needs;
mod ordinary;
mod output;
mod printed;
mod registry;
mod stream;
mod terminal;
mod transcript;
mod trees;
mod world;

pub use demo::demo;
pub use filter::filtered;
pub use job::{Job, eventually, run};
pub use layout::{Layout, busybox};
pub use ledger::Ledger;
pub use needs::{Need, needs};
pub use ordinary::Ordinary;
pub use output::Output;
pub use printed::generated;
pub use registry::Registry;
pub use terminal::Terminal;
pub use transcript::{Reader, Transcript};
pub use world::World;
