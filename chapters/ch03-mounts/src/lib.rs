//! Chapter 3: what a process sees as `/`.
//!
//! A mount namespace is a private copy of the table of mounts (mount_namespaces(7)).
//! This crate fills one: [`set_propagation`] cuts it off from the host, [`apply`]
//! performs a list of [`Mount`]s given as data, [`default_devices`] furnishes `/dev`,
//! [`pivot`] makes the result the root, and [`mask`], [`read_only`] and
//! [`make_root_read_only`] take away what a container must not touch.
//!
//! Everything below the root is found through a [`Root`]: a descriptor, and paths
//! that the kernel resolves inside it, so that no symbolic link in an image leads out.
//! All mounting goes through the mount API of Linux 5.2 (fsopen(2), open_tree(2),
//! move_mount(2)) and mount_setattr(2) of 5.12: a mount gets its flags before it gets
//! a place, so it is never seen without them.
//!
//! It makes no namespace and no process: chapter 2 does. It knows no container
//! configuration either: chapter 9 turns that into lists of [`Mount`]s.

#[expect(unsafe_code, reason = "mount_setattr(2) is in no crate yet")]
mod attributes;
mod devices;
mod hide;
mod options;
mod pivot;
mod plan;
mod proc;
mod propagation;
mod root;
pub mod table;
mod usual;

pub use attributes::Attributes;
pub use devices::{
    Device, DeviceKind, bind_console, create_devices, default_devices, default_list,
};
pub use hide::{make_root_read_only, mask, read_only, read_only_view};
pub use options::{Options, option_words, parse_options};
pub use pivot::{move_root, pivot};
pub use plan::{IdMapped, Mount, apply, id_mapped};
pub use proc::write_proc;
pub use propagation::{
    Depth, Kind, Propagation, prepare_root, private, set_propagation, spread_root,
};
pub use root::Root;
pub use usual::{MASKED, READ_ONLY, furnish, furnish_with, usual, usual_for_one_id};

/// This chapter's lists of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[
    &pivot::PIVOT,
    &plan::FILESYSTEM,
    &plan::BIND,
    &plan::ATTRIBUTES,
];

/// The number under which this chapter announces its steps.
const CHAPTER: u8 = 3;
