//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch05");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch05",
        typed: &["cargo run -q -p ch05"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
