//! What the page of this chapter prints.

use support::Transcript;

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch08",
        typed: &["cargo run -q -p ch08"],
        ..Transcript::ORDINARY
    }
    .check(env!("CARGO_BIN_EXE_ch08"));
}
