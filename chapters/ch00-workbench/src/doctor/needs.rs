//! What the chapters need, as they say it in `needs.toml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::probes::PROBES;

/// One chapter's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// The package, like `ch03`.
    pub package: String,
    /// What the chapter is about, in a word or two.
    pub title: String,
    /// What it needs; the first that is not met is what is told.
    #[serde(default, rename = "need")]
    pub needs: Vec<Need>,
}

/// One need.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// The name of a probe.
    pub probe: String,
    /// What of the chapter hangs on it: `all`, or the part that is left out without it.
    #[serde(rename = "for")]
    pub purpose: String,
}

impl Need {
    /// Whether the whole chapter hangs on it.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        self.purpose == "all"
    }
}

/// Reads `chapters/*/needs.toml` below the top of the checkout, in the chapters' order.
///
/// # Errors
/// When a file is not of this shape, or names a probe that does not exist.
pub fn load(top: &Path) -> Result<Vec<Chapter>> {
    let folder = top.join("chapters");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
    let mut chapters = Vec::new();
    for entry in entries {
        let path = entry
            .context("list the chapters")?
            .path()
            .join("needs.toml");
        if path.exists() {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("read {}", path.display()))?;
            let parsed =
                parse(&text).with_context(|| format!("read {}", path.display()))?;
            chapters.push(parsed);
        }
    }
    chapters.sort_by(|one, other| one.package.cmp(&other.package));
    Ok(chapters)
}

fn parse(text: &str) -> Result<Chapter> {
    let chapter: Chapter = toml::from_str(text)?;
    for need in &chapter.needs {
        let known = PROBES.iter().any(|probe| probe.name == need.probe);
        ensure!(known, "there is no probe {:?}", need.probe);
    }
    Ok(chapter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_does_not_exist_is_named() {
        let text =
            "package = 'ch99'\ntitle = 'x'\n[[need]]\nprobe = 'luck'\nfor = 'all'\n";
        assert!(parse(text).unwrap_err().to_string().contains("luck"));
        let good = text.replace("luck", "user-namespace");
        assert!(parse(&good).unwrap().needs[0].is_vital());
    }
}
