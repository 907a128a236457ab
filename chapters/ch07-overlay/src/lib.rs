//! Union mounts: many read-only layers and one to write on, seen as one tree.
//!
//! [`mount`] shows a [`Stack`] at a place, with overlayfs or, where the kernel refuses
//! it, by copying; [`whiteout`] writes down what a layer takes away from the layers
//! below; [`changes`] tells what a container did to its image; [`Snapshots`] keeps
//! unpacked layers. Nothing here knows where layers come from, or what a tar is.
//!
//! Documentation/filesystems/overlayfs.rst in the kernel's tree is the reference.

mod changes;
mod copy;
#[expect(unsafe_code, reason = "fsopen(2) and its kin have no wrapper in nix")]
mod fscontext;
mod lower;
mod snapshots;
mod stack;
pub mod whiteout;
#[expect(unsafe_code, reason = "xattr(7) has no wrapper in nix")]
pub mod xattr;

pub use changes::{Change, Kind, changes};
pub use snapshots::{About, Layer, Snapshots, Staging};
pub use stack::{Stack, Union, mount};

/// This chapter's lists of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[&stack::OVERLAY];
