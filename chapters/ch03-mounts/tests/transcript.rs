//! What the pages of this chapter print.

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

#[test]
fn which_mounts_are_seen_where() {
    Transcript {
        name: "ch03-spread",
        typed: &[
            "cargo run -q -p ch03 -- spread shared",
            "cargo run -q -p ch03 -- spread slave",
            "cargo run -q -p ch03 -- spread private",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_steps_are() {
    Transcript {
        name: "ch03-explain",
        typed: &["cargo run -q -p ch03 -- run --explain true"],
        sections: true,
        figure: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_the_climb_ends_now() {
    Transcript {
        name: "ch03-climb",
        typed: &[
            "cargo run -q -p ch03 -- run --escape climb test -e /home || echo 'still in here'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_a_pivot_does_not_help_against() {
    Transcript {
        name: "ch03-held",
        typed: &[
            "cargo run -q -p ch03 -- run --escape held test -e home && echo 'out again'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn why_a_plain_folder_is_refused() {
    Transcript {
        name: "ch03-pivot",
        before: &["cd && mkdir target"],
        typed: &["mkdir -p target/folder && cargo run -q -p ch03 -- pivot target/folder"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_is_hidden_and_what_is_frozen() {
    Transcript {
        name: "ch03-hidden",
        typed: &[r#"cargo run -q -p ch03 -- run sh -c '
  echo lost >/dev/null && echo "there is a /dev/null"
  read -r line 2>/dev/null </proc/timer_list || echo "/proc/timer_list tells nothing"
  (echo x >/proc/sys/kernel/domainname) 2>/dev/null || echo "/proc/sys is read-only"
  (echo x >/sys/x) 2>/dev/null || echo "and so is /sys"'"#],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn where_a_link_leads() {
    Transcript {
        name: "ch03-find",
        before: &["cd && mkdir target"],
        typed: &[
            "rm -rf target/trap && mkdir -p target/trap/etc && echo mine >target/trap/etc/passwd",
            "ln -s /etc target/trap/dev",
            "cargo run -q -p ch03 -- find --as-text target/trap /dev/passwd",
            "cargo run -q -p ch03 -- find target/trap /dev/passwd",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// `just demo ch03` types what the pages show; each line is played once, in their order.
#[test]
fn the_demo_plays_them_all() {
    support::demo(
        "ch03",
        BENCH,
        &[
            "all the processes in /proc: 1\n",
            "mounted in the inner namespace: the outer one sees it\n",
            "still in here\n",
            "out again\n",
            "there is a /dev/null\n",
            "/etc/passwd\n",
            "target/trap/etc/passwd\n",
        ],
    );
}
