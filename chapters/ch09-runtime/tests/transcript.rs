//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch09");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch09",
        typed: &["cargo run -q -p ch09"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
