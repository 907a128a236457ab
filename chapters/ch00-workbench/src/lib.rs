//! The workbench: what every chapter leans on.
//!
//! [`steps`] announces each system call that makes a container what it is;
//! [`user`] borrows root's place in a user namespace, so that no bench needs
//! sudo; [`diagnosis`] turns an ambiguous errno into its one true cause; [`bench`]
//! runs a chapter's program; [`doctor`] says which of them this machine can run, and
//! [`exercise`] checks what readers write. Nothing here knows what a container is.

pub mod bench;
pub mod diagnosis;
pub mod doctor;
pub mod exercise;
pub mod files;
pub mod mine;
pub mod steps;
pub mod user;
