//! The five capability sets of a process, and how it gives most of them away.
//!
//! Setting them takes two halves around the change of user: the bounding set needs
//! `CAP_SETPCAP`, which goes with root; the other sets can only be narrowed when
//! setresuid(2) has done its own narrowing.

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use workbench::steps::step;

use crate::CHAPTER;
use crate::capability_calls::{
    capget, capset, clear_ambient, drop_bounding, in_ambient, in_bounding, raise_ambient,
};
use crate::capability_set::CapSet;

/// The five sets (capabilities(7), "Thread capability sets").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What executing a file can ever give.
    pub bounding: CapSet,
    /// What the kernel looks at.
    pub effective: CapSet,
    /// What a file marked so may keep over exec.
    pub inheritable: CapSet,
    /// What may be made effective.
    pub permitted: CapSet,
    /// What stays over exec without any mark on the file.
    pub ambient: CapSet,
}

impl Capabilities {
    /// The sets of root in a container: `set` in all but the inheritable and the
    /// ambient one.
    #[must_use]
    pub fn of_root(set: CapSet) -> Self {
        Self {
            bounding: set,
            effective: set,
            permitted: set,
            ..Self::default()
        }
    }

    /// The sets of this process, asked of the kernel: there may be no procfs here.
    ///
    /// # Errors
    /// None on a kernel since 4.3.
    pub fn current() -> Result<Self> {
        let [effective, permitted, inheritable] =
            capget().context("read the capabilities of this process")?;
        let bounding = held(in_bounding).context("read the bounding set")?;
        let ambient = held(in_ambient).context("read the ambient set")?;
        Ok(Self {
            bounding,
            effective,
            inheritable,
            permitted,
            ambient,
        })
    }

    /// First half, before the change of user: what is not in `bounding` goes, for this
    /// process and for all that it will execute.
    ///
    /// # Errors
    /// EPERM without `CAP_SETPCAP`, if there is anything to drop.
    // ANCHOR: drop_bounding
    pub fn drop_bounding(&self) -> Result<()> {
        let bounding = held(in_bounding).context("read the bounding set")?;
        let surplus = bounding.without(self.bounding);
        if surplus.is_empty() {
            return Ok(());
        }
        step(
            CHAPTER,
            format_args!("prctl(PR_CAPBSET_DROP, each of {:#x})", surplus.0),
            "no file, not even one that is set-user-ID root, can give these back",
            || surplus.bits().try_for_each(drop_bounding),
        )
        .context("drop capabilities from the bounding set")
    }
    // ANCHOR_END: drop_bounding

    /// Second half, after the change of user: the other four sets.
    ///
    /// # Errors
    /// If a capability is asked for that this process does not hold, by its name.
    // ANCHOR: set_rest
    pub fn set_rest(&self) -> Result<()> {
        let [_, permitted, _] =
            capget().context("read the capabilities of this process")?;
        let missing = self.permitted.without(permitted);
        ensure!(missing.is_empty(), "this process has no {missing} to give");
        step(
            CHAPTER,
            format_args!(
                "capset(effective={:#x}, permitted={:#x}, inheritable={:#x})",
                self.effective.0, self.permitted.0, self.inheritable.0
            ),
            "root's powers, less those a container has no use for",
            || capset(self.effective, self.permitted, self.inheritable),
        )
        .context("set the capabilities")?;
        step(
            CHAPTER,
            format_args!("prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)"),
            "what the launcher had must not pass through the exec",
            clear_ambient,
        )
        .context("clear the ambient capabilities")?;
        for bit in self.ambient.bits() {
            let name = CapSet(1 << bit);
            step(
                CHAPTER,
                format_args!("prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, {name})"),
                "an ordinary user keeps this one over the exec",
                || raise_ambient(bit),
            )
            .with_context(|| format!("raise the ambient capability {name}"))?;
        }
        Ok(())
    }
    // ANCHOR_END: set_rest
}

/// The set of all capabilities that `has` answers yes for, up to the first that the
/// kernel does not know.
fn held(has: fn(u32) -> Result<bool, Errno>) -> Result<CapSet, Errno> {
    let mut set = 0;
    for bit in 0..u64::BITS {
        match has(bit) {
            Ok(yes) => set |= u64::from(yes) << bit,
            Err(Errno::EINVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(CapSet(set))
}
