//! The book, checked: mdBook renders a misspelt anchor or a missing file as nothing, and
//! says that all is well. Nothing in a page is typed that a program could have written.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

#[path = "book/page.rs"]
mod page;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use page::{Page, included, includes_of, pages, walk};

/// The longest listing of code: what fits on a page.
const LISTING: usize = 40;
/// The longest transcript: two pages of a terminal.
const TRANSCRIPT: usize = 100;

#[track_caller]
fn none(what: &str, complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{what}:\n  {}",
        complaints.join("\n  ")
    );
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src")
}

#[test]
fn every_include_resolves_and_fits() {
    none("includes", &bad_includes(&src(), &pages(&src())));
}

#[test]
fn nothing_is_typed_into_a_page_that_a_program_wrote() {
    none("blocks", &typed_blocks(&pages(&src())));
}

#[test]
fn every_link_leads_somewhere() {
    none("links", &dead_links(&src(), &pages(&src())));
}

#[test]
fn the_summary_is_the_book() {
    let pages = pages(&src());
    assert!(pages.len() > 1, "there is a book in {}", src().display());
    none("SUMMARY.md", &not_in_summary(&pages));
}

#[test]
fn every_transcript_and_figure_is_shown() {
    none("nobody shows them", &unused(&src(), &pages(&src())));
}

/// Includes that mdBook would render as nothing, and listings that are too long.
fn bad_includes(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for (n, what) in page.includes() {
            let complaint = match included(&src.join(&page.path), &what) {
                Err(reason) => reason,
                Ok((_, lines)) if lines.iter().all(|l| l.trim().is_empty()) => {
                    "is empty".into()
                }
                Ok((file, lines)) => {
                    let most = if file.extension().is_some_and(|e| e == "rs") {
                        LISTING
                    } else {
                        TRANSCRIPT
                    };
                    if lines.len() <= most {
                        continue;
                    }
                    format!("has {} lines, {most} fit", lines.len())
                }
            };
            wrong.push(format!("{}:{n}: {what}: {complaint}", page.path.display()));
        }
    }
    wrong
}

/// Blocks of any language but `text` (drawings) that are not includes.
fn typed_blocks(pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path.display(), block.line);
            let is_include = |line: &String| includes_of(line).count() == 1;
            let full: Vec<_> = block
                .lines
                .iter()
                .filter(|l| !l.trim().is_empty())
                .collect();
            if block.language.is_empty() {
                wrong.push(format!("{place}: a block without a language (say `text`)"));
            } else if block.language != "text"
                && !full.iter().all(|line| is_include(line))
            {
                wrong.push(format!(
                    "{place}: {} that is typed, not included",
                    block.language
                ));
            } else if full.is_empty() {
                wrong.push(format!("{place}: an empty block"));
            }
        }
    }
    wrong
}

/// Relative links to files or headings that are not there.
fn dead_links(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for (n, target) in page.links() {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = page.path.parent().unwrap_or(Path::new(""));
            let leads = if path.is_empty() {
                page.path.clone()
            } else {
                plain(&folder.join(path))
            };
            let known = pages.iter().find(|other| other.path == leads);
            let there = path.is_empty() || src.join(&leads).is_file();
            let heading = anchor.is_empty()
                || known.is_some_and(|other| other.anchors().iter().any(|a| a == anchor));
            if !there || !heading {
                wrong.push(format!(
                    "{}:{n}: {target} leads nowhere",
                    page.path.display()
                ));
            }
        }
    }
    wrong
}

/// `a/../b` as `b`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Pages that the summary does not list. (A listed page that is missing is a dead link.)
fn not_in_summary(pages: &[Page]) -> Vec<String> {
    let Some(summary) = pages
        .iter()
        .find(|page| page.path == Path::new("SUMMARY.md"))
    else {
        return vec!["there is none".into()];
    };
    let listed: BTreeSet<PathBuf> = summary
        .links()
        .iter()
        .map(|(_, target)| plain(Path::new(target)))
        .collect();
    let others = pages
        .iter()
        .filter(|page| page.path != Path::new("SUMMARY.md"));
    let strays = others.filter(|page| !listed.contains(&page.path));
    strays
        .map(|page| format!("{} is not in it", page.path.display()))
        .collect()
}

/// Transcripts and figures that no page includes or links.
fn unused(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut shown = BTreeSet::new();
    for page in pages {
        let folder = page.path.parent().unwrap_or(Path::new(""));
        let includes = page.includes().into_iter().map(|(_, what)| what);
        let targets = includes.chain(page.links().into_iter().map(|(_, target)| target));
        shown.extend(
            targets
                .map(|t| plain(&folder.join(t.split([':', '#']).next().unwrap_or("")))),
        );
    }
    let mut wrong = Vec::new();
    for kind in ["transcripts", "figures"] {
        walk(&src.join(kind), &mut |path| {
            let path = path.strip_prefix(src).expect("below src");
            if !shown.contains(path) {
                wrong.push(path.display().to_string());
            }
        });
    }
    wrong
}

/// A small book with one page of this text, and what the checks say of it.
fn book_with(text: &str, check: impl Fn(&Path, &[Page]) -> Vec<String>) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let code = "// ANCHOR: good\nfn f() {}\n// ANCHOR_END: good\n\
                // ANCHOR: empty\n// ANCHOR_END: empty\n";
    fs::create_dir(dir.path().join("transcripts")).unwrap();
    fs::write(dir.path().join("code.rs"), code).unwrap();
    fs::write(dir.path().join("long.rs"), "x\n".repeat(41)).unwrap();
    fs::write(dir.path().join("transcripts/run.console"), "$ true\n").unwrap();
    fs::write(dir.path().join("SUMMARY.md"), "# Summary\n- [A](a.md)\n").unwrap();
    fs::write(
        dir.path().join("a.md"),
        format!("# The First, *page*\n\n{text}\n"),
    )
    .unwrap();
    check(dir.path(), &pages(dir.path()))
}

#[test]
fn bad_includes_are_found() {
    for (text, complaints) in [
        ("{{#include code.rs:good}}", 0),
        (
            "{{#include code.rs:1:2}} {{#rustdoc_include long.rs:2:}}",
            0,
        ),
        ("\\{{#include nothing.rs}} is how to write it", 0),
        ("{{#include code.rs:goood}}", 1),
        ("{{#include code.rs:empty}}", 1),
        ("{{#include nothing.rs}}", 1),
        ("{{#include long.rs}}", 1),
        ("{{#playground nothing.rs}} {{#include code.rs:bad}}", 2),
    ] {
        assert_eq!(book_with(text, bad_includes).len(), complaints, "{text}");
    }
}

#[test]
fn typed_code_and_output_are_found() {
    let check = |_: &Path, pages: &[Page]| typed_blocks(pages);
    for (text, complaints) in [
        ("```console\n{{#include transcripts/run.console}}\n```", 0),
        (
            "```rust,ignore\n{{#include code.rs:good}}\n\n{{#include code.rs:good}}\n```",
            0,
        ),
        ("```text\na ──▶ b\n```", 0),
        ("````text\n```\n````\n\n```text\nx\n```", 0),
        ("```console\n$ echo hello\nhello\n```", 1),
        ("```rust\nfn typed() {}\n```", 1),
        ("```\nno language\n```", 1),
        ("```text\n```", 1),
        (
            "```console\n{{#include transcripts/run.console}}\nand more\n```",
            1,
        ),
    ] {
        assert_eq!(book_with(text, check).len(), complaints, "{text}");
    }
}

#[test]
fn dead_links_are_found() {
    for (text, complaints) in [
        (
            "[a](a.md) [b](./a.md#the-first-page) [c](#the-first-page)",
            0,
        ),
        ("[a](https://example.org/x) `[not](alink)` ![p](code.rs)", 0),
        ("[a](b.md)", 1),
        ("[a](a.md#no-such-heading) [b](#nor-this)", 2),
        ("```text\n[in a block](nowhere.md)\n```", 0),
    ] {
        assert_eq!(book_with(text, dead_links).len(), complaints, "{text}");
    }
}

#[test]
fn pages_and_transcripts_that_nobody_reaches_are_found() {
    let summary = |dir: &Path, _: &[Page]| {
        fs::write(dir.join("stray.md"), "# Stray\n").unwrap();
        not_in_summary(&pages(dir))
    };
    assert_eq!(book_with("", summary), ["stray.md is not in it"]);
    assert_eq!(book_with("", unused), ["transcripts/run.console"]);
    assert_eq!(
        book_with("{{#include transcripts/run.console}}", unused),
        [""; 0]
    );
}
