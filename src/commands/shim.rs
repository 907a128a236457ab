//! `shim`: this executable as the process that stays with a container.

use anyhow::{Result, bail};

use crate::cli::system::Shim;

/// `skiff shim`, which the daemon types.
pub(super) fn run(_typed: Shim) -> Result<u8> {
    bail!("the shim is not there yet")
}
