//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch03");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch03",
        typed: &[
            r#"cargo run -q -p ch03 -- run --read-only --tmpfs /scratch sh -c '
  echo hello >/scratch/file && read -r word </scratch/file && echo "$word"
  (echo hello >/file) 2>/dev/null || echo "the root is read-only"
  cd /proc && set -- [0-9]* && echo "all the processes in /proc: $*"'"#,
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_a_refusal_looks_like() {
    Transcript {
        name: "no",
        typed: &[
            "cargo run -q -p ch03 -- run -v /no/such:/data true",
            "cargo run -q -p ch03 -- pivot /proc",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
