//! Labels of security modules: what AppArmor or SELinux goes by (apparmor(7),
//! `Documentation/security`).
//!
//! A label is written to the process's own `attr/exec`: it counts from the next exec on.
//! Where the kernel has no such module, a label that is asked for is an error: a program
//! that runs without the confinement it was to have must not run.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use mounts::Root;
use nix::unistd::getpid;

use crate::plan::Plan;

/// The labels that a process is to run under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The name of a profile of AppArmor's.
    pub apparmor: Option<String>,
    /// A context of SELinux's.
    pub selinux: Option<String>,
}

/// Whether AppArmor is at work.
#[must_use]
pub fn has_apparmor() -> bool {
    fs::read_to_string("/sys/module/apparmor/parameters/enabled")
        .is_ok_and(|word| word.starts_with('Y'))
}

/// Whether SELinux is at work: its file system is mounted, which takes a policy.
#[must_use]
pub fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

/// Refuses a plan with a label whose module is not at work. To be called on the host.
///
/// # Errors
/// Names the field.
pub fn check(plan: &Plan) -> Result<()> {
    if plan.tree.label.is_some() && !has_selinux() {
        bail!("config.json: linux.mountLabel: selinux is not enabled here");
    }
    plan.process.confinement.labels.check()
}

impl Labels {
    /// Refuses a label whose module is not at work. To be called on the host.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<()> {
        if self.apparmor.is_some() && !has_apparmor() {
            bail!("config.json: process.apparmorProfile: apparmor is not enabled here");
        }
        if self.selinux.is_some() && !has_selinux() {
            bail!("config.json: process.selinuxLabel: selinux is not enabled here");
        }
        Ok(())
    }

    /// Has the next exec happen under the labels.
    ///
    /// # Errors
    /// When the module does not know the label, or `/proc` is not there.
    pub fn write(&self, inside: &Root) -> Result<()> {
        let own = getpid();
        if let Some(profile) = &self.apparmor {
            let file = match Path::new("/proc/self/attr/apparmor").exists() {
                true => format!("{own}/attr/apparmor/exec"),
                false => format!("{own}/attr/exec"),
            };
            mounts::write_proc(inside, Path::new(&file), &format!("exec {profile}"))?;
        }
        if let Some(label) = &self.selinux {
            let file = format!("{own}/attr/exec");
            mounts::write_proc(inside, Path::new(&file), label)?;
        }
        Ok(())
    }
}
