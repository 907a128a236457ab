//! Chapter 6: control groups, the kernel's way to count and to limit.
//!
//! [`layout`](mod@layout) finds the trees of this machine, of which there are three
//! kinds of arrangement; [`Limits`] is what a container may have, as data, and turns
//! into the files of either version; [`Cgroup`] is one group in all trees at once:
//! made, entered, frozen, counted, killed and removed. [`devices`] says which device
//! nodes it may open, and [`filter`] says the same in instructions that version 2 of
//! the kernel's interface wants to have (cgroups(7), `Documentation/admin-guide/
//! cgroup-v2.rst`).
//!
//! A group is a folder that somebody made: as a rule we ourselves, with no daemon between.
//! Only where the caller says that the trees are systemd's, [`systemd`] is asked for it.

mod cgroup;
pub mod devices;
mod ending;
mod entrance;
pub mod filter;
mod freezer;
#[expect(unsafe_code, reason = "bpf(2) and pidfd_open(2) are wrapped nowhere")]
mod kernel;
pub mod layout;
mod limits;
mod refused;
pub mod stats;
pub mod systemd;
mod weight;

pub use cgroup::{Cgroup, set_file};
pub use devices::DeviceRule;
pub use ending::remove_parent_if_empty;
pub use entrance::Entrance;
pub use layout::{Layout, layout};
pub use limits::{Device, Limits, Rare, Setting, Throttle};
pub use stats::{MemoryEvents, Stats};

/// This chapter's lists of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[&refused::WRITE];
