//! What the page of this chapter prints.

use support::{Need, Transcript};

const BENCH: &str = env!("CARGO_BIN_EXE_ch06");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch06",
        needs: &[Need::CgroupV1],
        typed: &[
            "sudo cargo run -q -p ch06 -- run --memory 16777216 tail /dev/zero",
            "echo $?",
        ],
        ..Transcript::ROOT
    }
    .check(BENCH);
}
