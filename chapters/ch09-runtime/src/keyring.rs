//! The session keyring: keys that the kernel keeps for a session (session-keyring(7)).
//!
//! No namespace divides them. A container that stayed in the keyring of who started it
//! could use the keys of that session: those of an encrypted disk, or of Kerberos.

use std::ffi::CString;

use anyhow::{Context, Result};
use nix::errno::Errno;
use workbench::steps;

use crate::raw;
use crate::state::State;

/// Leaves the caller's session keyring for the container's own, unless it is to stay.
///
/// # Errors
/// EDQUOT when the user has too many keys. Where the kernel has no keyrings, or a filter
/// forbids them, they are out of the container's reach as well: that is no error.
pub(crate) fn join(state: &State) -> Result<()> {
    if state.no_new_keyring {
        return Ok(());
    }
    let name = format!("_ses.{}", state.id);
    let text = CString::new(name.as_str()).context("name the session keyring")?;
    let why = "the keys of who started this are not the container's to use";
    let call = format_args!("keyctl(KEYCTL_JOIN_SESSION_KEYRING, {name:?})");
    match steps::step(9, call, why, || raw::join_session_keyring(&text)) {
        Ok(()) | Err(Errno::ENOSYS | Errno::EPERM) => Ok(()),
        Err(errno) => Err(errno).with_context(|| format!("join the keyring {name}")),
    }
}
