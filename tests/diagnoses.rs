//! What the kernel's refusals can mean, from all chapters: printed in the book, and each
//! cause with its proof.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use workbench::diagnosis::{Listed, Proof, Row, markdown};

/// The chapters' lists. (Only here all chapters can be seen.)
const LISTS: [&[&dyn Listed]; 8] = [
    workbench::user::DIAGNOSES,
    chroot::DIAGNOSES,
    namespaces::DIAGNOSES,
    mounts::DIAGNOSES,
    privileges::DIAGNOSES,
    network::DIAGNOSES,
    cgroups::DIAGNOSES,
    overlay::DIAGNOSES,
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn lists() -> impl Iterator<Item = &'static dyn Listed> {
    LISTS.into_iter().flatten().copied()
}

fn rows() -> impl Iterator<Item = (u8, Row)> {
    lists().flat_map(|list| list.rows().into_iter().map(|row| (list.head().0, row)))
}

/// The text of every Rust file below `folder`.
fn rust(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn chapters() -> Vec<PathBuf> {
    let entries = fs::read_dir(top().join("chapters")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_book_prints_what_the_programs_know() {
    let file = top().join("book/src/generated/diagnoses.txt");
    let text: String = lists().map(|list| markdown(list) + "\n").collect();
    if std::env::var("SKIFF_BLESS").is_ok_and(|word| word == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        return;
    }
    let printed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        printed == text,
        "{} is not what the chapters know (`just bless` writes it anew)",
        file.display()
    );
}

#[test]
fn the_page_shows_every_list() {
    let page = fs::read_to_string(top().join("book/src/when-it-says-no.md")).unwrap();
    let mut calls = BTreeSet::new();
    for list in lists() {
        let (_, call, _) = list.head();
        assert!(calls.insert(call), "two lists are called {call}");
        let include = format!("{{{{#include generated/diagnoses.txt:{call}}}}}");
        assert!(page.contains(&include), "{include} is not in the page");
    }
}

#[test]
fn no_list_is_forgotten() {
    let mut texts = Vec::new();
    for chapter in chapters() {
        rust(&chapter.join("src"), &mut texts);
    }
    let is_list = |line: &&str| {
        let line = line.trim_start();
        line.contains(" static ") && line.contains(": Diagnosis<")
    };
    // The example of the workbench's own test is nobody's.
    let lines = texts.iter().flat_map(|text| text.lines());
    let written = lines
        .filter(is_list)
        .filter(|line| line.starts_with("pub"))
        .count();
    assert_eq!(written, lists().count(), "a DIAGNOSES lacks a list");
}

#[test]
fn each_cause_is_provoked_or_says_why_not() {
    let mut texts = Vec::new();
    chapters()
        .iter()
        .for_each(|chapter| rust(chapter, &mut texts));
    for (chapter, row) in rows() {
        let Proof::Test(name) = row.proof else {
            continue;
        };
        let is_test = |text: &String| {
            let mut lines = text.lines().map(str::trim_start);
            lines.any(|line| line.starts_with(&format!("fn {name}()")))
        };
        let there = texts.iter().any(is_test);
        assert!(there, "chapter {chapter}: no test is called {name}");
    }
}

#[test]
fn each_cause_is_told_in_the_same_way() {
    for (chapter, row) in rows() {
        let meaning = row.meaning;
        assert!(
            meaning.ends_with(['.', ')']),
            "chapter {chapter}: {meaning:?}"
        );
        assert!(
            !row.hint.ends_with('.'),
            "chapter {chapter}: {:?}",
            row.hint
        );
        assert!(!(row.look.to_owned() + row.hint).contains('`'), "{row:?}");
    }
}
