//! Offsets of a time namespace (time_namespaces(7)).
//!
//! They can be written only while nobody is in the namespace: so the launcher unshares
//! one, writes the offsets for what it will fork, and then clones.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use workbench::steps;

use crate::set::Namespace;

/// How far a clock is ahead of the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    /// Whole seconds.
    pub seconds: i64,
    /// And nanoseconds, below 1 000 000 000.
    pub nanoseconds: u32,
}

// ANCHOR: unshare_for_children
/// Makes the time namespace that this process's children will be in.
///
/// # Errors
/// When the kernel has none (before Linux 5.6), or an offset leads before boot (ERANGE).
pub fn unshare_for_children(monotonic: Offset, boottime: Offset) -> Result<()> {
    let flag = CloneFlags::from_bits_retain(Namespace::Time.flag());
    let why = "a time namespace for what is forked from here on";
    steps::step(2, format_args!("unshare(CLONE_NEWTIME)"), why, || {
        unshare(flag)
    })
    .context("make a time namespace")?;
    let text = lines(monotonic, boottime);
    let why = "before the clone: once somebody is inside, the kernel says EACCES";
    let call = format_args!("write(\"/proc/self/timens_offsets\", {text:?})");
    steps::step(2, call, why, || {
        fs::write("/proc/self/timens_offsets", &text)
    })
    .context("write the offsets of the clocks")
}
// ANCHOR_END: unshare_for_children

fn lines(monotonic: Offset, boottime: Offset) -> String {
    let line = |clock, offset: Offset| {
        format!("{clock} {} {}\n", offset.seconds, offset.nanoseconds)
    };
    line("monotonic", monotonic) + &line("boottime", boottime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_written_as_the_kernel_reads_them() {
        let day = Offset {
            seconds: 86_400,
            nanoseconds: 5,
        };
        assert_eq!(
            lines(day, Offset::default()),
            "monotonic 86400 5\nboottime 0 0\n"
        );
    }
}
