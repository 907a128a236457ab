//! Chapter 1: a process in another root.
//!
//! [`process`] starts one (clone3, report, execve) and is the only place in skiff that
//! forks; [`root`] changes its root (chroot(2)); [`toolbox`] makes a root to change to
//! from the host's own programs; [`escape`] leaves a root again. What a chroot does not do
//! is the rest of the book.

pub mod escape;
#[expect(
    unsafe_code,
    reason = "clone3, SCM_RIGHTS and signal dispositions are raw"
)]
pub mod process;
pub mod root;
pub mod toolbox;

/// This chapter's lists of causes, for the book.
pub static DIAGNOSES: &[&dyn workbench::diagnosis::Listed] =
    &[&process::CLONE3, &process::EXECVE];
