//! Chapter 4: what a process may do.
//!
//! Root is not one power but many, and most of them can be given away: ids are mapped
//! ([`write_id_maps`]), root's powers are split into capabilities and dropped
//! ([`Capabilities`]), executing cannot win them back ([`no_new_privileges`]), resources
//! have limits ([`set_rlimits`]) and a place in the queue ([`set_scheduler`]), the process becomes someone else ([`become_user`]), and
//! whole system calls are switched off ([`seccomp`]).
//!
//! The order in which a container's first process does it is not free:
//!
//! 1. [`set_rlimits`], while a hard limit can still be raised;
//! 2. [`seccomp::install`] here if `no_new_privileges` is *not* wanted (it then needs
//!    `CAP_SYS_ADMIN`);
//! 3. [`Capabilities::drop_bounding`], while `CAP_SETPCAP` is there;
//! 4. [`become_user`], which keeps the permitted set over setresuid(2);
//! 5. [`Capabilities::set_rest`], which narrows the sets and raises the ambient one;
//! 6. [`no_new_privileges`], then [`seccomp::install`]: nothing but the exec follows.
//!
//! All calls are made by the process about itself, save [`write_id_maps`].

mod capabilities;
#[expect(unsafe_code, reason = "capset(2) and some prctl(2) are in no crate")]
mod capability_calls;
mod capability_set;
mod id_maps;
mod memory_policy;
mod rlimits;
mod scheduling;
#[expect(
    unsafe_code,
    reason = "sched_setattr(2), ioprio_set(2), set_mempolicy(2) are in no crate"
)]
mod scheduling_calls;
pub mod seccomp;
mod user;

pub use capabilities::Capabilities;
pub use capability_set::CapSet;
pub use id_maps::{IdMap, parse_subordinate, subordinate_ids, write_id_maps};
pub use memory_policy::{MemoryPolicy, set_memory_policy};
pub use rlimits::{Rlimit, set_rlimits};
pub use scheduling::{Scheduler, set_affinity, set_io_priority, set_scheduler};
pub use user::{LARGEST_ID, become_user, no_new_privileges};

/// What the kernel's refusals can mean, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[&user::BECOME];

/// The number under which this chapter announces its steps.
const CHAPTER: u8 = 4;
