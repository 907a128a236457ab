//! The transcripts of the book that show the whole engine, and the check that each
//! transcript has a test. (The chapters' own are in `chapters/*/tests/transcript.rs`.)

use std::fs;
use std::path::Path;

use support::{Need, Transcript};

const SKIFF: &str = env!("CARGO_BIN_EXE_skiff");

/// What an ordinary user's container needs.
const ALL: &[Need] = &[Need::Overlay, Need::NetNamespace];

#[test]
fn the_first_command() {
    Transcript {
        name: "hello",
        needs: ALL,
        typed: &["cargo run -q -- run --rm toolbox echo hello"],
        ..Transcript::ORDINARY
    }
    .check(SKIFF);
}

#[test]
fn what_happens_on_skiff_run() {
    Transcript {
        name: "run",
        // Which control groups there are depends on the machine.
        needs: &[Need::Overlay, Need::CgroupHybrid],
        // The image, so that what is shown is the start alone.
        before: &["skiff run --rm toolbox true"],
        typed: &["sudo skiff run --rm --explain toolbox true"],
        sections: true,
        figure: true,
        ..Transcript::ROOT
    }
    .check(SKIFF);
}

#[test]
fn a_container_outlives_its_daemon() {
    Transcript {
        name: "survives",
        needs: ALL,
        typed: &[
            "skiff run -d --name clock toolbox sh -c 'echo tick; sleep 1; echo tock; exit 3'",
            "kill -9 $(cat $XDG_RUNTIME_DIR/skiff/daemon.lock)",
            "skiff wait clock",
            "skiff logs clock",
        ],
        ..Transcript::ORDINARY
    }
    .check(SKIFF);
}

#[test]
fn a_container_is_a_process_of_this_machine() {
    Transcript {
        name: "fleet",
        needs: ALL,
        typed: &[
            "test \"$(uname -r)\" = \"$(skiff run --rm toolbox uname -r)\" && echo the same kernel",
            "skiff run -d --name c toolbox sleep 100",
            "cat /proc/$(skiff inspect --format '{{.State.Pid}}' c)/comm",
            "skiff rm -f c",
        ],
        ..Transcript::ORDINARY
    }
    .check(SKIFF);
}

#[test]
fn every_transcript_has_a_test() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = vec![top.join("tests/transcripts.rs")];
    for chapter in fs::read_dir(top.join("chapters"))
        .expect("chapters")
        .flatten()
    {
        tests.push(chapter.path().join("tests/transcript.rs"));
    }
    let tests: Vec<String> = tests
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    assert!(tests.len() > 10, "the chapters' tests were found");
    let folder = top.join("book/src/transcripts");
    for file in fs::read_dir(folder)
        .expect("the book's transcripts")
        .flatten()
    {
        let path = file.path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let quoted = format!("name: \"{name}\"");
        let count: usize = tests.iter().map(|text| text.matches(&quoted).count()).sum();
        assert!(count == 1, "{} is written by {count} tests", path.display());
    }
}
