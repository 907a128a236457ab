//! What each chapter's program holds: its row, and the rows joined.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::ATTACKS;

/// What gets through a chapter's program, and what is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The chapter's package.
    pub chapter: String,
    through: BTreeMap<String, bool>,
}

const THROUGH: &str = "gets through";
const STOPPED: &str = "stopped";

impl Row {
    /// The empty row of a chapter.
    #[must_use]
    pub fn of(chapter: &str) -> Self {
        Self {
            chapter: chapter.to_owned(),
            through: BTreeMap::new(),
        }
    }

    /// Notes whether an attack gets through.
    pub fn put(&mut self, attack: &str, through: bool) {
        self.through.insert(attack.to_owned(), through);
    }

    /// Compares with the chapter's file, or writes that.
    #[track_caller]
    pub(super) fn check(&self) {
        let path = file_of(&self.chapter);
        if env::var("SKIFF_BLESS").is_ok_and(|word| word == "1") {
            fs::write(&path, self.text()).expect("write the row");
            // The joined table, whichever test comes first.
            crate::generated("ladder.md", &table(&rows()));
            return;
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == self.text(),
            "{} is not what is seen (`just bless` writes it anew):\n{}",
            path.display(),
            self.text()
        );
    }

    fn text(&self) -> String {
        let mut text =
            "# Written by tests/ladder.rs: attacks on the chapter's program.\n"
                .to_owned();
        for attack in &ATTACKS {
            let word = self.word(attack.name);
            let _ = writeln!(text, "{} = {word:?}", attack.name);
        }
        text
    }

    fn word(&self, attack: &str) -> &'static str {
        match self.through.get(attack) {
            Some(true) => THROUGH,
            Some(false) => STOPPED,
            None => "not tried",
        }
    }

    fn parse(chapter: &str, text: &str) -> Self {
        let mut row = Self::of(chapter);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, word)) = line.split_once(" = ") {
                match word.trim_matches('"') {
                    THROUGH => row.put(name, true),
                    STOPPED => row.put(name, false),
                    _ => {}
                }
            }
        }
        row
    }
}

fn chapters() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chapters");
    let entries = fs::read_dir(folder).expect("the chapters").flatten();
    let mut all: Vec<_> = entries.map(|entry| entry.path()).collect();
    all.sort();
    all
}

fn file_of(chapter: &str) -> PathBuf {
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{chapter}-"))
    };
    let folder = chapters().into_iter().find(is_it);
    folder.expect("the chapter's folder").join("ladder.toml")
}

/// All rows that there are, in the chapters' order.
///
/// # Panics
/// When there are no chapters.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |folder: &PathBuf| {
        let text = fs::read_to_string(folder.join("ladder.toml")).ok()?;
        let name = folder.file_name()?.to_string_lossy();
        Some(Row::parse(name.split('-').next()?, &text))
    };
    chapters().iter().filter_map(row).collect()
}

/// The rows as the book prints them: an attack a line, a chapter a column.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| an attacker inside wants to |");
    let mut line = String::from("|---|");
    for row in rows {
        let _ = write!(text, " {} |", row.chapter);
        line.push_str("---|");
    }
    let _ = write!(text, "\n{line}\n");
    for attack in &ATTACKS {
        let _ = write!(text, "| {} |", attack.wants);
        for row in rows {
            let word = row.word(attack.name);
            let mark = if word == STOPPED { "**stopped**" } else { word };
            let _ = write!(text, " {mark} |");
        }
        text.push('\n');
    }
    text
}

/// Attacks that an earlier chapter stops and a later one does not.
#[must_use]
pub fn falls_back(rows: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    for attack in &ATTACKS {
        let is = |row: &&Row, word| row.word(attack.name) == word;
        let Some(first) = rows.iter().position(|row| is(&row, STOPPED)) else {
            continue;
        };
        for row in rows[first..].iter().filter(|row| !is(row, STOPPED)) {
            wrong.push(format!(
                "{} stops {}, {} does not",
                rows[first].chapter, attack.name, row.chapter
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(chapter: &str, kill: bool) -> Row {
        let mut row = Row::of(chapter);
        for attack in &ATTACKS {
            row.put(attack.name, attack.name == "kill" && kill);
        }
        row
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row = row("ch01", true);
        assert_eq!(Row::parse("ch01", &row.text()), row);
    }

    #[test]
    fn a_chapter_that_forgets_what_an_earlier_one_held_is_found() {
        let (open, shut) = (row("ch01", true), row("ch02", false));
        assert!(falls_back(&[open.clone(), shut.clone()]).is_empty());
        let found = falls_back(&[
            shut,
            Row {
                chapter: "ch03".into(),
                ..open
            },
        ]);
        assert_eq!(found, ["ch02 stops kill, ch03 does not"]);
    }

    #[test]
    fn the_table_has_an_attack_a_line() {
        let text = table(&[row("ch01", true)]);
        assert!(text.contains("| kill it | gets through |"), "{text}");
        assert_eq!(text.lines().count(), ATTACKS.len() + 2);
    }
}
