//! A page of the book, taken apart: includes, fenced blocks, links, headings.

use std::fs;
use std::path::{Path, PathBuf};

/// A page, by its path below the book's `src`.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    /// As it was written.
    pub(crate) text: String,
    /// With what was generated in its place.
    whole: String,
}

/// Where a program writes parts of pages; they are no pages.
const GENERATED: &str = "generated";

/// A fenced block: the line where it begins, its language, its lines.
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) lines: Vec<String>,
}

/// All pages below `src`, sorted.
pub(crate) fn pages(src: &Path) -> Vec<Page> {
    let mut found = Vec::new();
    walk(src, &mut |path| {
        let end = path.extension().is_some_and(|end| end == "md");
        if end && !path.starts_with(src.join(GENERATED)) {
            let text = fs::read_to_string(path).expect("a page is text");
            let whole = with_generated(path, &text);
            let path = path.strip_prefix(src).expect("below src").to_owned();
            found.push(Page { path, text, whole });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The text of the page at `path` with its generated parts.
fn with_generated(path: &Path, text: &str) -> String {
    let part = |line: &str| {
        let what = includes_of(line).find(|what| what.contains(".md"))?;
        Some(included(path, &what).ok()?.1.join("\n"))
    };
    text.lines()
        .map(|line| part(line).unwrap_or_else(|| line.to_owned()) + "\n")
        .collect()
}

/// Calls `visit` with every file below `dir`.
pub(crate) fn walk(dir: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, visit)
        } else {
            visit(&path)
        }
    }
}

impl Page {
    /// All fenced blocks.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut found: Vec<Block> = Vec::new();
        let mut open = None;
        for (n, line, inside) in lines_of(&self.text) {
            let mark = fence_of(line);
            if !inside {
                open = None;
            } else if open.is_none() {
                let info = line.trim()[mark.len()..].trim();
                let language =
                    info.split([',', ' ']).next().unwrap_or_default().to_owned();
                found.push(Block {
                    line: n,
                    language,
                    lines: Vec::new(),
                });
                open = Some(mark);
            } else if open == Some(line.trim()) {
                open = None;
            } else if let Some(block) = found.last_mut() {
                block.lines.push(line.to_owned());
            }
        }
        found
    }

    /// What stands in `{{#include …}}` and its kin: (line, path and anchor).
    pub(crate) fn includes(&self) -> Vec<(usize, String)> {
        let lines = self.text.lines().enumerate();
        lines
            .flat_map(|(n, line)| includes_of(line).map(move |what| (n + 1, what)))
            .collect()
    }

    /// The lines outside of fenced blocks, generated ones among them.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = lines_of(&self.whole).filter(|(_, _, inside)| !inside);
        lines.map(|(n, line, _)| (n, line))
    }

    /// Targets of links and pictures outside of fenced blocks: (line, target).
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let lines = self.prose();
        lines
            .flat_map(|(n, line)| {
                let text = without_code(line);
                let mut targets = Vec::new();
                for part in text.split("](").skip(1) {
                    targets.extend(part.split([')', ' ']).next().map(str::to_owned));
                }
                for attribute in ["href=\"", "src=\""] {
                    let parts = text.split(attribute).skip(1);
                    targets.extend(
                        parts.filter_map(|p| p.split('"').next()).map(str::to_owned),
                    );
                }
                let bare = |target: String| target.trim_matches(['<', '>']).to_owned();
                targets.into_iter().map(move |target| (n, bare(target)))
            })
            .collect()
    }

    /// The anchors that mdBook gives to this page's headings.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for (_, line) in self.prose().filter(|(_, line)| line.starts_with('#')) {
            let base = anchor_of(line);
            let before = anchors.iter().filter(|anchor| **anchor == base).count();
            anchors.push(match before {
                0 => base,
                n => format!("{base}-{n}"),
            });
        }
        anchors
    }
}

/// The anchor of a heading: what `{#…}` says, else its words.
pub(crate) fn anchor_of(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim();
    let given = title
        .strip_suffix('}')
        .and_then(|title| title.rsplit_once('{'));
    if let Some((_, id)) = given.filter(|(_, id)| id.trim().starts_with('#')) {
        return id.trim().trim_start_matches('#').to_owned();
    }
    let title = title.to_lowercase();
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines with their numbers, and whether each is inside a fenced block.
fn lines_of(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut fence = "";
    text.lines().enumerate().map(move |(n, line)| {
        let mark = fence_of(line);
        let inside = !fence.is_empty() || !mark.is_empty();
        if fence.is_empty() {
            fence = mark;
        } else if line.trim() == fence {
            fence = "";
        }
        (n + 1, line, inside)
    })
}

/// What each include in `line` names; an escaped one is text.
pub(crate) fn includes_of(line: &str) -> impl Iterator<Item = String> {
    let parts = line
        .match_indices("{{#")
        .filter(|(at, _)| !line[..*at].ends_with('\\'));
    parts.filter_map(|(at, _)| {
        let inside = line[at + 3..].split("}}").next()?;
        let (verb, what) = inside.split_once(char::is_whitespace)?;
        let known = ["include", "rustdoc_include", "playground"].contains(&verb);
        known.then(|| what.trim().to_owned())
    })
}

/// The fence that a line opens or closes, or nothing.
fn fence_of(line: &str) -> &str {
    let line = line.trim();
    let length = line.chars().take_while(|c| *c == '`').count();
    if length >= 3 { &line[..length] } else { "" }
}

/// A line without what stands in backquotes.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The lines of `file` that `what` (`path`, `path:anchor`, `path:2:5`) includes, as
/// mdBook would take them; without them, why not.
pub(crate) fn included(
    page: &Path,
    what: &str,
) -> Result<(PathBuf, Vec<String>), String> {
    let (path, part) = what.split_once(':').unwrap_or((what, ""));
    let file = page.parent().unwrap_or(Path::new("")).join(path);
    let text = fs::read_to_string(&file).map_err(|error| format!("{path}: {error}"))?;
    let lines: Vec<String> = text.lines().map(String::from).collect();
    let numbers: Vec<Option<usize>> = part.split(':').map(|n| n.parse().ok()).collect();
    if part.is_empty() {
        return Ok((file, lines));
    }
    if part.chars().all(|c| c.is_ascii_digit() || c == ':') {
        let first = numbers[0].unwrap_or(1).max(1);
        let last = numbers
            .get(1)
            .map_or(first, |last| last.unwrap_or(lines.len()));
        let taken = lines.into_iter().take(last).skip(first - 1);
        return Ok((file, taken.collect()));
    }
    anchored(&lines, part)
        .map(|lines| (file, lines))
        .ok_or(format!("{path}: no anchor {part}"))
}

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`, other marks left out.
fn anchored(lines: &[String], name: &str) -> Option<Vec<String>> {
    let mark = |line: &str, word: &str| {
        line.split_once(word)
            .is_some_and(|(_, rest)| rest.split_whitespace().next() == Some(name))
    };
    let first = lines.iter().position(|line| mark(line, "ANCHOR:"))?;
    let last = lines.iter().position(|line| mark(line, "ANCHOR_END:"))?;
    let inside = lines.get(first + 1..last)?;
    Some(
        inside
            .iter()
            .filter(|line| !line.contains("ANCHOR"))
            .cloned()
            .collect(),
    )
}
