//! What the page of this chapter prints.

use support::{Need, Transcript};

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch11",
        needs: &[Need::Overlay],
        typed: &["cargo run -q -p ch11"],
        ..Transcript::ORDINARY
    }
    .check(env!("CARGO_BIN_EXE_ch11"));
}
