//! Docker's profile format: a filter whose rules depend on the machine and on the
//! capabilities of the container.
//!
//! Whoever has `CAP_SYS_ADMIN` may call mount(2), so the filter need not forbid it;
//! whoever has not would get EPERM anyway, but from code that has had its bugs. The
//! format is that of `--security-opt seccomp=FILE`; the default profile, in
//! `data/seccomp.json`, holds the facts of Docker's own.

use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{Action, Filter, Rule, arch, null_is_empty};
use crate::capability_set::CapSet;

/// A profile in Docker's format.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    default_action: Action,
    default_errno_ret: Option<u32>,
    #[serde(default, deserialize_with = "null_is_empty")]
    architectures: Vec<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    arch_map: Vec<Family>,
    flags: Option<Vec<String>>,
    #[serde(default, deserialize_with = "null_is_empty")]
    syscalls: Vec<Entry>,
}

/// A machine's table and those it can also run.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Family {
    architecture: String,
    #[serde(default, deserialize_with = "null_is_empty")]
    sub_architectures: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    #[serde(flatten)]
    rule: Rule,
    /// The older form of `names`.
    name: Option<String>,
    #[serde(default)]
    includes: Option<Condition>,
    #[serde(default)]
    excludes: Option<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    #[serde(default, deserialize_with = "null_is_empty")]
    caps: Vec<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    arches: Vec<String>,
    min_kernel: Option<String>,
}

/// What conditions ask about.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The architecture as profiles name it: `amd64`, `arm64`, …
    pub arch: &'static str,
    /// The kernel's version: major, minor.
    pub kernel: (u32, u32),
    /// The container's bounding set.
    pub capabilities: CapSet,
}

impl Machine {
    /// This machine, for a container with these capabilities.
    #[must_use]
    pub fn this(capabilities: CapSet) -> Self {
        let release = nix::sys::utsname::uname().ok();
        let release =
            release.and_then(|names| version(&names.release().to_string_lossy()));
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self {
            arch,
            kernel: release.unwrap_or((4, 8)),
            capabilities,
        }
    }
}

impl Profile {
    /// Reads a profile from its JSON.
    ///
    /// # Errors
    /// If it is not JSON of this shape, or names its architectures twice over.
    pub fn parse(json: &str) -> Result<Self> {
        let profile: Self =
            serde_json::from_str(json).context("read the seccomp profile")?;
        ensure!(
            profile.architectures.is_empty() || profile.arch_map.is_empty(),
            "the seccomp profile has both architectures and archMap"
        );
        for entry in &profile.syscalls {
            ensure!(
                entry.name.is_none() || entry.rule.names.is_empty(),
                "the seccomp profile has a rule with both name and names"
            );
        }
        Ok(profile)
    }

    /// The filter that the profile means on `machine`.
    #[must_use]
    pub fn resolve(&self, machine: &Machine) -> Filter {
        let family = self
            .arch_map
            .iter()
            .find(|one| one.architecture == arch::NATIVE);
        let mapped = family.into_iter().flat_map(|family| {
            std::iter::once(&family.architecture).chain(&family.sub_architectures)
        });
        let rules = self.syscalls.iter().filter(|entry| entry.holds(machine));
        Filter {
            default_action: self.default_action,
            default_errno_ret: self.default_errno_ret,
            architectures: self.architectures.iter().chain(mapped).cloned().collect(),
            flags: self.flags.clone(),
            syscalls: rules.map(Entry::rule).collect(),
        }
    }
}

impl Entry {
    fn holds(&self, machine: &Machine) -> bool {
        let included = self
            .includes
            .as_ref()
            .is_none_or(|wants| wants.all(machine));
        included && !self.excludes.as_ref().is_some_and(|bars| bars.any(machine))
    }

    fn rule(&self) -> Rule {
        let mut rule = self.rule.clone();
        rule.names.extend(self.name.clone());
        rule
    }
}

impl Condition {
    /// To include, the architecture must be listed and every capability be there.
    fn all(&self, machine: &Machine) -> bool {
        let arch =
            self.arches.is_empty() || self.arches.iter().any(|one| one == machine.arch);
        arch && self.caps.iter().all(|name| machine.capabilities.has(name))
            && self.new_enough(machine).unwrap_or(true)
    }

    /// To exclude, one thing is enough.
    fn any(&self, machine: &Machine) -> bool {
        self.arches.iter().any(|one| one == machine.arch)
            || self.caps.iter().any(|name| machine.capabilities.has(name))
            || self.new_enough(machine).unwrap_or(false)
    }

    fn new_enough(&self, machine: &Machine) -> Option<bool> {
        let wanted = version(self.min_kernel.as_deref()?)?;
        Some(machine.kernel >= wanted)
    }
}

/// `6.1` of `6.1.0-18-amd64`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

static DEFAULT: LazyLock<Profile> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a file of this crate; a test reads it")]
    Profile::parse(include_str!("../../data/seccomp.json")).expect("the default profile")
});

/// Docker's default filter for a container with this bounding set, on this machine.
#[must_use]
pub fn default_profile(bounding: &CapSet) -> Filter {
    DEFAULT.resolve(&Machine::this(*bounding))
}
