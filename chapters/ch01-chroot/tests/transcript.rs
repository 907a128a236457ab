//! What the page of this chapter prints.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch01");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch01",
        typed: &[r#"cargo run -q -p ch01 -- run sh -c '
  test -e /home || echo "no /home in here"
  kill -0 $PPID && echo "but I reach the process that started me"'"#],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}
