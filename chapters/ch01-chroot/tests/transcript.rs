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

#[test]
fn what_the_steps_are() {
    Transcript {
        name: "ch01-explain",
        typed: &["cargo run -q -p ch01 -- run --explain sh -c 'echo $0 runs'"],
        figure: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_a_chroot_is_broken() {
    Transcript {
        name: "ch01-escape",
        typed: &[
            "cargo run -q -p ch01 -- run test -e /home || echo 'no /home in here'",
            "cargo run -q -p ch01 -- escape test -e /home && echo 'I am out: here it is'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_escape_does() {
    Transcript {
        name: "ch01-escape-steps",
        typed: &["cargo run -q -p ch01 -- escape --explain true"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_the_escape_is_refused_and_what_is_not() {
    Transcript {
        name: "ch01-refused",
        typed: &["cargo run -q -p ch01 -- escape --drop-chroot test -e /home"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
    Transcript {
        name: "ch01-held",
        typed: &[
            "cargo run -q -p ch01 -- escape --drop-chroot --held test -e home &&
  echo 'out, and no right was needed'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_a_root_is_made_of() {
    Transcript {
        name: "ch01-toolbox",
        before: &["cd && mkdir target"],
        typed: &[
            "rm -rf target/boat && cargo run -q -p ch01 -- toolbox target/boat",
            "echo 'written from outside' > target/boat/note",
            "cargo run -q -p ch01 -- run --root target/boat cat /note",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_a_root_lacks_that_has_only_the_program() {
    Transcript {
        name: "ch01-bare",
        before: &["cd && mkdir target"],
        typed: &[
            "mkdir -p target/bare && echo '#!/bin/nobody' > target/bare/hello",
            "chmod +x target/bare/hello",
            "cargo run -q -p ch01 -- run --root target/bare /hello",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_an_end_is_told() {
    Transcript {
        name: "ch01-ends",
        typed: &[
            "cargo run -q -p ch01 -- run sh -c 'exit 7'; echo $?",
            "cargo run -q -p ch01 -- run sh -c 'kill -9 $$'; echo $?",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// `just demo ch01` types what the pages show; each line is played once, in their order.
#[test]
fn the_demo_plays_them_all() {
    support::demo(
        "ch01",
        BENCH,
        &[
            "no /home in here\n",
            "but I reach the process that started me\n",
            "I am out: here it is\n",
            "$ cargo run -q -p ch01 -- run sh -c 'exit 7'; echo $?\n7\n",
            "written from outside\n",
        ],
    );
}
