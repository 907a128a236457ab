//! The checks of the book, checked: each finds what it is there to find.

use std::fs;
use std::path::Path;

use crate::asked::answers;
use crate::page::{Page, pages};
use crate::{bad_includes, dead_links, not_in_summary, typed_blocks, unused};

/// A small book with one page of this text, and what the checks say of it.
fn book_with(text: &str, check: impl Fn(&Path, &[Page]) -> Vec<String>) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let code = "// ANCHOR: good\nfn f() {}\n// ANCHOR_END: good\n\
                // ANCHOR: empty\n// ANCHOR_END: empty\n";
    fs::create_dir(dir.path().join("transcripts")).unwrap();
    fs::create_dir(dir.path().join("generated")).unwrap();
    fs::write(
        dir.path().join("generated/part.md"),
        "## A part\n\nof [a](a.md)\n",
    )
    .unwrap();
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
        ("## A `b` c\n\n[a](#a-b-c) [a](a.md#a-b-c)", 0),
        ("## Same\n\n## Same\n\n[a](#same) [b](#same-1)", 0),
        ("## Long words { #short }\n\n[a](#short)", 0),
        ("## Long words { #short }\n\n[a](#long-words)", 1),
        ("{{#include generated/part.md}}\n\n[a](#a-part)", 0),
        ("<a href=\"nowhere.html\">a</a> <img src=\"a.svg\">", 2),
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
    let idle = ["transcripts/run.console", "generated/part.md"];
    assert_eq!(book_with("", unused), idle);
    let all = "{{#include transcripts/run.console}}\n{{#include generated/part.md}}";
    assert_eq!(book_with(all, unused), [""; 0]);
}

#[test]
fn questions_without_an_answer_are_found() {
    const ASKED: &[(&str, &[&str])] = &[("Parts", &["What is it?", "Why?"])];
    let why = "| Why? | not yet answered: chapter 12 | |";
    let answer = "## Marked { #it }\n\nIt is a thing, and this says in twenty words or \
        more what it is, and what it is not, so that nobody asks.\n\n## Short\n\nNo.\n\n";
    let check = |rows: &str| {
        let text = format!("{answer}## Parts\n\n{rows}\n");
        book_with(&text, |_, pages| answers(pages, Path::new("a.md"), ASKED).0).len()
    };
    let good = "| What is it? | [Marked](a.md#it) | `cargo run -p ch01` |";
    assert_eq!(check(&format!("{good}\n{why}")), 0);
    for (rows, complaints) in [
        (good.to_owned(), 1),
        (format!("{good}\n{good}\n{why}"), 1),
        (format!("{}\n{why}", good.replace("What", "Where")), 2),
        (format!("{}\n{why}", good.replace("#it", "#that")), 1),
        (format!("{}\n{why}", good.replace("#it", "#short")), 1),
        (format!("{}\n{why}", good.replace("#it", "")), 1),
        (format!("{}\n{why}", good.replace("a.md", "b.md")), 1),
        (format!("{}\n{why}", good.replace('`', "")), 1),
        (format!("{good}\n{}", why.replace("chapter 12", "soon")), 1),
        (format!("## Other\n\n{good}\n{why}"), 4),
    ] {
        assert_eq!(check(&rows), complaints, "{rows}");
    }
}
