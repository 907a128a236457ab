//! What the pages of this chapter print.

use support::{Transcript, demo};

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

#[test]
fn what_the_file_says() {
    Transcript {
        name: "ch09-config",
        typed: &["cargo run -q -p ch09 -- config"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_steps_are() {
    Transcript {
        name: "ch09-explain",
        typed: &["cargo run -q -p ch09 -- run --explain true"],
        sections: true,
        figure: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_other_fields_do() {
    Transcript {
        name: "ch09-set",
        typed: &[
            "cargo run -q -p ch09 -- run sh -c '
  [ -w /etc ] && echo writable || echo read-only'",
            "cargo run -q -p ch09 -- run --set root.readonly=false sh -c '
  [ -w /etc ] && echo writable || echo read-only'",
            "cargo run -q -p ch09 -- run --set process.args=[] pwd",
            "cargo run -q -p ch09 -- run --set process.user.uid=33 pwd",
            "cargo run -q -p ch09 -- run --set process.cwd=/proc/thread-self/fd/3 pwd",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn a_life() {
    Transcript {
        name: "ch09-life",
        typed: &["cargo run -q -p ch09 -- life"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
    Transcript {
        name: "ch09-by-hand",
        typed: &["cargo run -q -p ch09 -- life --by-hand"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn the_six_moments() {
    Transcript {
        name: "ch09-hooks",
        typed: &[
            "cargo run -q -p ch09 -- hooks",
            "cargo run -q -p ch09 -- hooks --fail startContainer",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// `just demo ch09` types what the pages show; each line is played once, in their order.
#[test]
fn the_demo_plays_them_all() {
    let lines = [
        "my root is read-only\n",
        "hostname=\"skiff\"\n",
        "$ cargo run -q -p ch09 -- run --set process.cwd=/proc/thread-self/fd/3 pwd\n",
        "   I am 2, and the first is sleep\n",
        "one byte into the FIFO `start`\n",
        "startContainer   created   1      container   container\n",
    ];
    demo("ch09", BENCH, &lines);
}
