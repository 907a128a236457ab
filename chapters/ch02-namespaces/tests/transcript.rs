//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch02");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch02",
        typed: &["cargo run -q -p ch02"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_bench_explains() {
    Transcript {
        name: "ch02-explain",
        typed: &["cargo run -q -p ch02 -- run --explain sh -c 'echo $$'"],
        figure: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
