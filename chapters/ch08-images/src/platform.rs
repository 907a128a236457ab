//! Platforms: which of an index's manifests this machine can run.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// An operating system and a processor, in Go's words: `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, `arm`, …
    pub architecture: String,
    /// Which of the processor's generations, such as `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// This machine's.
    pub fn host() -> Self {
        let machine = nix::sys::utsname::uname().ok();
        let machine = machine.as_ref().and_then(|names| names.machine().to_str());
        Self::of_machine(machine.unwrap_or(std::env::consts::ARCH))
    }

    /// That of a machine by the name that uname(2) gives it.
    fn of_machine(machine: &str) -> Self {
        let (architecture, variant) = match machine {
            "x86_64" => ("amd64", None),
            "i386" | "i486" | "i586" | "i686" | "x86" => ("386", None),
            "aarch64" => ("arm64", Some("v8")),
            "armv8l" | "armv7l" => ("arm", Some("v7")),
            "armv6l" => ("arm", Some("v6")),
            "armv5tel" | "armv5tejl" => ("arm", Some("v5")),
            "powerpc64" => ("ppc64le", None),
            "loongarch64" => ("loong64", None),
            other => (other, None),
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }

    /// How well a manifest for `offered` suits this platform: `None` not at all, else
    /// the generation of the processor it was made for; the highest is best.
    fn suits(&self, offered: &Self) -> Option<u8> {
        if (&self.os, &self.architecture) != (&offered.os, &offered.architecture) {
            return None;
        }
        let (able, needed) = (self.generation()?, offered.generation()?);
        (needed <= able).then_some(needed)
    }

    /// The processor's generation: a machine runs what was made for its own or an
    /// earlier one.
    fn generation(&self) -> Option<u8> {
        let plain = match self.architecture.as_str() {
            "arm" => 7,
            "arm64" => 8,
            _ => 1,
        };
        match self.variant.as_deref() {
            None | Some("") => Some(plain),
            Some(text) => text.strip_prefix('v')?.split('.').next()?.parse().ok(),
        }
    }

    /// The position of the best of the offered platforms; the first of equals.
    pub fn choose<'a>(
        &self,
        offered: impl IntoIterator<Item = Option<&'a Self>>,
    ) -> Option<usize> {
        offered
            .into_iter()
            .enumerate()
            .filter_map(|(at, platform)| Some((self.suits(platform?)?, Reverse(at))))
            .max()
            .map(|(_, Reverse(at))| at)
    }
}

impl FromStr for Platform {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/').map(str::to_lowercase);
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let Some(os) = os.filter(|os| !os.is_empty() && parts.next().is_none()) else {
            bail!("{text:?} is not a platform: write os/architecture, as linux/amd64");
        };
        Ok(match architecture {
            // `linux` alone, or `arm64` alone, means the rest of this machine.
            None if os == "linux" => Self::host(),
            None => Self::of_machine(machine_word(&os)),
            Some(architecture) => Self {
                os,
                variant,
                architecture: Self::of_machine(machine_word(&architecture)).architecture,
            },
        })
    }
}

/// Words that people use for a processor, as uname(2) would say it.
fn machine_word(word: &str) -> &str {
    match word {
        "x86-64" => "x86_64",
        "armhf" => "armv7l",
        "armel" => "armv6l",
        other => other,
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(to, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(host: &str, offered: &[&str]) -> Option<usize> {
        let offered: Vec<Platform> = offered.iter().map(|p| p.parse().unwrap()).collect();
        host.parse::<Platform>()
            .unwrap()
            .choose(offered.iter().map(Some))
    }

    #[test]
    fn the_nearest_generation_that_runs_is_chosen() {
        let arms = [
            "linux/amd64",
            "linux/arm/v5",
            "linux/arm/v6",
            "linux/arm/v7",
        ];
        assert_eq!(chosen("linux/arm/v7", &arms), Some(3));
        assert_eq!(chosen("linux/arm/v6", &arms), Some(2));
        assert_eq!(chosen("linux/arm", &arms), Some(3));
        assert_eq!(chosen("linux/arm64/v8", &["linux/arm64"]), Some(0));
        assert_eq!(chosen("linux/arm64", &["linux/arm64/v8"]), Some(0));
        assert_eq!(
            chosen("linux/amd64", &["linux/amd64/v3", "linux/amd64"]),
            Some(1)
        );
        assert_eq!(
            chosen("linux/amd64", &["linux/amd64", "linux/amd64"]),
            Some(0)
        );
    }

    #[test]
    fn what_cannot_run_is_not_chosen() {
        assert_eq!(chosen("linux/arm/v6", &["linux/arm/v7"]), None);
        assert_eq!(
            chosen("linux/amd64", &["windows/amd64", "unknown/unknown"]),
            None
        );
        assert_eq!(chosen("linux/amd64", &["linux/amd64/v3"]), None);
        assert_eq!(chosen("linux/amd64", &[]), None);
        let host: Platform = "linux/amd64".parse().unwrap();
        assert_eq!(host.choose([None]), None);
    }

    #[test]
    fn machines_have_gos_names() {
        let named = |machine| Platform::of_machine(machine).to_string();
        assert_eq!(named("x86_64"), "linux/amd64");
        assert_eq!(named("aarch64"), "linux/arm64/v8");
        assert_eq!(named("armv7l"), "linux/arm/v7");
        assert_eq!(named("riscv64"), "linux/riscv64");
        assert!("a/b/c/d".parse::<Platform>().is_err());
        assert!("".parse::<Platform>().is_err());
    }
}
