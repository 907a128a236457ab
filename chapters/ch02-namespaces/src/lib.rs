//! Chapter 2: namespaces, the launch, and PID 1.
//!
//! [`set`] names the eight kinds (namespaces(7)); [`launch`](mod@launch) starts a
//! process in new ones, with a gate before its first step and a line on which it
//! reports; [`join`](mod@join) enters existing ones; [`identity`] gives a container its
//! host name; [`pid1`] is an init for programs that are none. What hangs in the
//! namespaces (mounts, networks, ids) belongs to the chapters after this.

pub mod identity;
pub mod join;
pub mod launch;
pub mod pid1;
pub mod set;
pub mod time;

pub use join::join;
pub use launch::{Helm, Launch, launch};
pub use set::{Namespace, Namespaces};

/// This chapter's list of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] = &[&join::JOIN];
