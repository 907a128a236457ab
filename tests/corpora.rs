//! The fuzz targets on a stable compiler: all that was ever found again, and a little more.

#[path = "fuzz/targets.rs"]
#[expect(unreachable_pub, reason = "a library for the fuzzer")]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// The corpus of a target: what its readers meet, and what once broke them.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(&folder).expect("each target has a corpus");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let bytes = fs::read(&path).expect("a file of the corpus");
            (path.display().to_string(), bytes)
        })
        .collect();
    files.sort();
    assert!(files.len() > 1, "{} is empty", folder.display());
    files
}

#[test]
fn what_was_found_is_found_no_more() {
    for (name, target) in targets::TARGETS {
        for (path, bytes) in corpus(name) {
            let told = std::panic::catch_unwind(|| target(&bytes));
            assert!(told.is_ok(), "{name}: {path}");
        }
    }
}

#[test]
fn real_configurations_are_planned() {
    for (path, bytes) in corpus("config_json") {
        let name = Path::new(&path).file_stem().expect("a name");
        let name = name.to_string_lossy();
        let real = ["example", "docker", "podman", "containerd"];
        if real.iter().any(|caller| name.starts_with(caller)) {
            let bundle = targets::bundle_of(&bytes)
                .unwrap_or_else(|wrong| panic!("{path}: {wrong:#}"));
            if let Err(wrong) = runtime::plan::Plan::of(&bundle, "c") {
                panic!("{path}: {wrong:#}");
            }
        }
    }
}

/// One change to a text: bytes put over, taken out, or repeated.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, Vec<u8>),
    Cut(Index, usize),
    Repeat(Index, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let words = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..6),
        prop::sample::select(vec![
            "null",
            "-1",
            "4294967296",
            "\"\"",
            "[]",
            "{}",
            "true",
            "1e99",
            "\\u0000",
            "..",
            "/",
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
    ];
    let change = prop_oneof![
        4 => (any::<Index>(), words).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        2 => (any::<Index>(), 1usize..40).prop_map(|(at, count)| Change::Cut(at, count)),
        1 => (any::<Index>(), 1usize..200).prop_map(|(at, n)| Change::Repeat(at, n)),
    ];
    proptest::collection::vec(change, 1..6)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len();
        let place = |at: &Index| at.index(length + 1);
        match change {
            Change::Put(at, word) => {
                let from = place(at);
                let to = (from + word.len()).min(length);
                bytes.splice(from..to, word.iter().copied());
            }
            Change::Cut(at, count) => {
                let from = place(at);
                bytes.drain(from..(from + count).min(length));
            }
            Change::Repeat(at, count) => {
                let from = place(at);
                let again = bytes[from..(from + count).min(length)].to_vec();
                bytes.splice(from..from, again);
            }
        }
    }
    bytes
}

#[test]
fn changed_a_little_they_are_still_judged() {
    for (name, target) in targets::TARGETS {
        let files: Vec<_> = corpus(name).into_iter().map(|(_, bytes)| bytes).collect();
        let config = Config {
            cases: 2000,
            failure_persistence: None,
            ..Config::default()
        };
        TestRunner::new(config)
            .run(
                &(prop::sample::select(files), changes()),
                |(bytes, changes)| {
                    target(&changed(bytes, &changes));
                    Ok(())
                },
            )
            .unwrap_or_else(|found| panic!("{name}: {found}"));
    }
}
