//! What the runtime specification promises, field by field, seen from inside a container.
//!
//! The checks are data: a `.toml` file for each chapter, of what the chapter teaches. They
//! are run with `skiff-runtime`, and with `runc` and `crun` where these are installed: a
//! check that all of them fail would be a wrong check.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

mod check;
mod judge;
mod patch;

use std::fmt::Write as _;
use std::io::Write as _;

use check::{Check, chapters};
use judge::Judge;
use support::{Need, generated, needs};

const OURS: &str = env!("CARGO_BIN_EXE_skiff-runtime");

/// Runs all checks with `runtime`, prints the count past the test harness, and fails when
/// one does not hold and none of its exceptions names this runtime.
fn conforms(name: &str, runtime: &str) {
    let judge = Judge::of(name, runtime);
    let (mut held, mut failed, mut excepted, mut not_here) = (0, Vec::new(), 0, 0);
    let checks = chapters().into_iter().flat_map(|(_, checks)| checks);
    for (number, check) in checks.enumerate() {
        if !judge.can_be_checked(&check) {
            not_here += 1;
            continue;
        }
        match judge.judge(&check, number) {
            Ok(()) => held += 1,
            Err(_) if check.except.contains_key(name) => excepted += 1,
            Err(told) => failed.push(told),
        }
    }
    let count = format!(
        "{name}: {held} fields conform, {} do not, {excepted} are known not to, \
         {not_here} cannot be checked on this machine\n",
        failed.len()
    );
    // Through the descriptor: the print macros are captured by the harness.
    std::io::stderr().write_all(count.as_bytes()).unwrap();
    assert!(failed.is_empty(), "{count}\n{}", failed.join("\n"));
}

#[test]
fn skiff_runtime_conforms() {
    if needs(&[Need::Root, Need::Tool("busybox")]) {
        conforms("skiff-runtime", OURS);
    }
}

#[test]
fn the_checks_are_fair_to_runc() {
    if needs(&[Need::Root, Need::Tool("busybox"), Need::Tool("runc")]) {
        conforms("runc", "runc");
    }
}

#[test]
fn the_checks_are_fair_to_crun() {
    if needs(&[Need::Root, Need::Tool("busybox"), Need::Tool("crun")]) {
        conforms("crun", "crun");
    }
}

#[test]
fn ours_has_no_exception() {
    for (chapter, checks) in chapters() {
        for Check { field, except, .. } in checks {
            assert!(
                !except.contains_key("skiff-runtime"),
                "{chapter}: {field}: ours has no exception"
            );
        }
    }
}

#[test]
fn the_book_shows_the_count() {
    let all: usize = chapters().iter().map(|(_, checks)| checks.len()).sum();
    let mut table = String::from(
        "| after chapter | fields that can be made true | so far |\n|---|---|---|\n",
    );
    let mut sum = 0;
    for (chapter, checks) in chapters() {
        let count = checks.len();
        sum += count;
        let number = chapter.trim_start_matches("ch").trim_start_matches('0');
        writeln!(table, "| {number} | {count} | {sum} |").unwrap();
        let line = format!(
            "With this chapter {count} more fields of the [runtime specification]\
             (conformance.md) can be made true: that makes {sum} of {all}.\n"
        );
        if chapter != "ch01" {
            generated(&format!("conformance-{chapter}.md"), &line);
        }
    }
    generated("conformance.md", &table);
}
