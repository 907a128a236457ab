//! What a stage asks for, read from `chapters/chNN-…/stage.toml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One stage of the reader's own container: what a chapter adds to it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its number, which is the chapter's.
    pub number: u8,
    /// What `mine` is at its end, in a few words.
    pub title: String,
    /// What `mine` must do, as the reader is told it.
    pub task: String,
    /// What is tried, in this order.
    pub checks: Vec<Check>,
}

impl Stage {
    /// The chapter's name, by which the reader calls the stage: `ch02`.
    #[must_use]
    pub fn chapter(&self) -> String {
        format!("ch{:02}", self.number)
    }
}

/// One trial of `mine`: what is run, and what must come of it. All texts are filled with
/// the trial's values (see [`crate::mine::values`]).
// ANCHOR: Check
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Check {
    /// What holds when it passes.
    pub title: String,
    /// The `config.json` in the folder `{bundle}`.
    pub bundle: Option<String>,
    /// The arguments of `mine`.
    pub run: Vec<String>,
    /// All of its standard output, but for the last end of line.
    pub stdout: Option<String>,
    /// The same, line by line.
    pub stdout_lines: Option<Vec<String>>,
    /// What its standard error contains, in whatever case.
    pub stderr_contains: Option<String>,
    /// The code that it ends with.
    #[serde(default)]
    pub code: Code,
    /// Whether no process may be left when it has ended.
    #[serde(default)]
    pub leaves_nothing: bool,
    /// What is looked at, and done, once it has printed its first line.
    pub while_running: Option<WhileRunning>,
    /// What to tell somebody whose program fails it, in a sentence or two.
    pub advice: String,
}
// ANCHOR_END: Check

/// An exit code: a number, or a text that becomes one when it is filled.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Code {
    /// This one.
    Number(i32),
    /// `{number}`.
    Text(String),
}

impl Default for Code {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// What happens to the container's first process while it runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhileRunning {
    /// The namespaces that must not be the host's, by their names in `/proc/PID/ns`.
    #[serde(default)]
    pub own: Vec<String>,
    /// Whether there must be nothing above its root.
    #[serde(default)]
    pub top: bool,
    /// Lines that its `/proc/PID/status` must have, as in `NoNewPrivs: 1`.
    #[serde(default)]
    pub status: Vec<String>,
    /// A signal that is sent to it from outside after that.
    pub signal: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    task: String,
    check: Vec<Check>,
}

/// All stages below the top of the checkout, the first first.
///
/// # Errors
/// When a stage cannot be read, or says something that nobody understands.
pub fn stages(top: &Path) -> Result<Vec<Stage>> {
    let chapters = top.join("chapters");
    let entries = fs::read_dir(&chapters)
        .with_context(|| format!("list {}", chapters.display()))?;
    let mut stages = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("list {}", chapters.display()))?;
        let (path, name) = (entry.path().join("stage.toml"), entry.file_name());
        if let (true, Some(number)) = (path.exists(), number(&name.to_string_lossy())) {
            stages.push(read(number, &path)?);
        }
    }
    stages.sort_by_key(|stage| stage.number);
    Ok(stages)
}

/// The number of the chapter in a folder's name: 2 in `ch02-namespaces`, or in `ch02`.
#[must_use]
pub fn number(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("ch")?.split('-').next()?;
    digits.parse().ok()
}

fn read(number: u8, path: &Path) -> Result<Stage> {
    let text =
        fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let file: File =
        toml::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    Ok(Stage {
        number,
        title: file.title,
        task: file.task,
        checks: file.check,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: &str = "title = 't'\ntask = 'x'\n[[check]]\ntitle = 'c'\n\
                         run = ['run']\nadvice = 'a'\n";

    fn written(text: &str) -> Result<Vec<Stage>> {
        let top = tempfile::tempdir().unwrap();
        for chapter in ["ch10-shim", "ch02-namespaces", "ch03-mounts"] {
            let folder = top.path().join("chapters").join(chapter);
            fs::create_dir_all(&folder).unwrap();
            if chapter != "ch03-mounts" {
                fs::write(folder.join("stage.toml"), text).unwrap();
            }
        }
        stages(top.path())
    }

    #[test]
    fn stages_come_in_the_chapters_order() {
        let stages = written(STAGE).unwrap();
        let chapters: Vec<_> = stages.iter().map(Stage::chapter).collect();
        assert_eq!(chapters, ["ch02", "ch10"]);
        assert!(matches!(stages[0].checks[0].code, Code::Number(0)));
    }

    #[test]
    fn a_word_that_nobody_understands_is_refused_with_the_file() {
        let error = written(&format!("{STAGE}stdot = 'x'\n")).unwrap_err();
        let told = format!("{error:#}");
        assert!(
            told.contains("stage.toml") && told.contains("stdot"),
            "{told}"
        );
    }
}
