//! Chapter 9: the OCI runtime, from `config.json` to a process.
//!
//! The contract is the OCI runtime specification: a bundle (a folder with `config.json`
//! and a root filesystem) and five verbs: [`create`](mod@create), [`start`](mod@start),
//! [`state`], [`kill`](mod@kill), [`delete`](mod@delete). The way through it:
//!
//! 1. [`spec`] reads the file, [`plan`] makes of it what is to be done, as data;
//! 2. [`create`](mod@create) is the launcher: cgroup, namespaces, the first process;
//! 3. [`recipe`] is what that process does to itself, step by step;
//! 4. [`start_gate`] is where it waits for `start`;
//! 5. [`exec`](mod@exec) sends a second process in.
//!
//! It knows no image, no daemon and no network but the loopback device.

pub mod confine;
pub mod console;
pub mod create;
pub mod delete;
pub mod events;
pub mod exec;
pub mod features;
pub mod freeze;
mod home;
pub mod hooks;
pub mod id_mapped;
mod keyring;
pub mod kill;
pub mod label;
pub mod listener;
pub mod net_devices;
mod own_binary;
mod place;
pub mod plan;
pub mod ps;
#[expect(
    unsafe_code,
    reason = "ioctl_tty(2) and close_range(2) are in no crate"
)]
mod raw;
pub mod recipe;
pub mod run;
pub mod spec;
pub mod start;
pub mod start_gate;
pub mod state;
mod stay;
mod surroundings;
pub mod update;

pub use cgroups::Stats;
pub use chroot::process::Exit;
pub use create::{Create, create};
pub use delete::delete;
pub use events::{Event, events};
pub use exec::{Exec, exec, exec_and_stay};
pub use freeze::{pause, resume};
pub use kill::kill;
pub use namespaces::pid1::init;
pub use own_binary::protect;
pub use ps::ps;
pub use run::run;
pub use start::start;
pub use state::{State, Status, list, state};
pub use update::update;
