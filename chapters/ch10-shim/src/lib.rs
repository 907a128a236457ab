//! Chapter 10: the process that stays.
//!
//! Somebody must be the parent of a container's first process: hold the other ends of
//! its standard streams, keep its log, learn how it ended, and let people in and out
//! meanwhile. The daemon should not, since it is stopped and upgraded while containers
//! run. So every container has a *shim*: a small program with one thread, detached
//! from whoever started it, that lives exactly as long as the container.
//!
//! [`client`] is the daemon's side; [`protocol`] is what the two say; [`run`] is the
//! shim. The runtime (chapter 9) makes the container and goes; the engine (chapter 11)
//! decides which containers there are. Neither is the business of this chapter.

pub mod client;
mod command;
mod config;
mod detach;
pub mod frame;
mod keeper;
mod launcher;
mod life;
pub mod log;
mod orders;
pub mod protocol;
mod rootfs;
mod socket;
mod stdio;

pub use command::main;
pub use config::{Config, Folder};
pub(crate) use keeper::write_exit;
pub use life::run;
pub use protocol::{
    Answer, Exec, Exit, Kind, Ready, Refusal, Reply, Report, Request, Status, Streams,
};

/// The annotation by which a bundle asks our own runtime for an init.
pub use runtime::spec::INIT;

/// The sources that this was built from: `skiff-shim --build` prints it.
pub const BUILD: &str = env!("SHIM_BUILD");
