//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch00");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch00",
        typed: &["cargo run -q -p ch00 -- --explain"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
