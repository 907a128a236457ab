//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch04");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch04",
        typed: &["cargo run -q -p ch04"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
