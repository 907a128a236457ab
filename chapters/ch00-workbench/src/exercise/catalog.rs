//! Which exercises there are, read from the folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// One exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The chapter's package, like `ch01`.
    pub chapter: String,
    /// The exercise's own name, like `escape`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The heading of its README.
    pub title: String,
    /// The paragraphs of the task.
    pub task: String,
    /// The hints, the gentlest first.
    pub hints: Vec<String>,
}

impl Exercise {
    /// The name by which the reader calls it: `ch01/escape`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.chapter, self.name)
    }
}

/// All exercises below the top of the checkout, in the chapters' order.
///
/// # Errors
/// When a folder cannot be read, or a README has no heading.
pub fn all(top: &Path) -> Result<Vec<Exercise>> {
    let mut exercises = Vec::new();
    for chapter in folders(&top.join("chapters"))? {
        let shelf = chapter.join("exercises");
        if !shelf.is_dir() {
            continue;
        }
        let package = name_of(&chapter).chars().take(4).collect::<String>();
        for folder in folders(&shelf)? {
            exercises.push(read(&package, &folder)?);
        }
    }
    Ok(exercises)
}

/// The exercises that `word` means: all of a chapter (`ch01`), or one (`ch01/escape`,
/// or `escape` alone).
///
/// # Errors
/// When there is none.
pub fn find(top: &Path, word: &str) -> Result<Vec<Exercise>> {
    let mut found = all(top)?;
    found.retain(|one| one.chapter == word || one.id() == word || one.name == word);
    if found.is_empty() {
        bail!("there is no exercise {word:?}: `cargo exercise` lists them");
    }
    Ok(found)
}

fn folders(of: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(of).with_context(|| format!("list {}", of.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("list {}", of.display()))?
            .path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn read(chapter: &str, folder: &Path) -> Result<Exercise> {
    let path = folder.join("README.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let (title, task, hints) = parse(&text);
    ensure!(!title.is_empty(), "{} has no heading", path.display());
    Ok(Exercise {
        chapter: chapter.to_owned(),
        name: name_of(folder),
        folder: folder.to_owned(),
        title,
        task,
        hints,
    })
}

/// Takes a README apart: its heading, the task, and what is folded in `<details>`.
fn parse(text: &str) -> (String, String, Vec<String>) {
    let (task, folded) = text.split_once("<details>").unwrap_or((text, ""));
    let title = task
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .unwrap_or_default();
    let task = task
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect::<Vec<_>>();
    let hint = |part: &str| {
        let inner = part
            .split_once("</summary>")
            .map_or(part, |(_, inner)| inner);
        inner
            .split("</details>")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let hints = folded
        .split("<details>")
        .map(hint)
        .filter(|hint| !hint.is_empty());
    (
        title.trim().to_owned(),
        task.join("\n").trim().to_owned(),
        hints.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# Get out\n\nDo it.\n\n<details><summary>Hint 1</summary>\n\n\
                          Look up.\n\n</details>\n<details><summary>Hint 2</summary>\n\n\
                          Twice.\n\n</details>\n";

    #[test]
    fn a_readme_is_a_title_a_task_and_a_ladder_of_hints() {
        let (title, task, hints) = parse(README);
        assert_eq!((title.as_str(), task.as_str()), ("Get out", "Do it."));
        assert_eq!(hints, ["Look up.", "Twice."]);
    }

    #[test]
    fn exercises_are_found_by_chapter_and_by_name() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("chapters/ch01-chroot/exercises/escape");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("README.md"), README).unwrap();
        for word in ["ch01", "escape", "ch01/escape"] {
            assert_eq!(find(top.path(), word).unwrap()[0].id(), "ch01/escape");
        }
        assert!(find(top.path(), "nosuch").is_err());
    }
}
