//! What the pages of this chapter print.

use support::Transcript;

const BENCH: &str = env!("CARGO_BIN_EXE_ch02");

/// A program that leaves an orphan behind, and looks what becomes of it.
const LEAVE: &str = "echo 'n=$(sh -c \"sleep 0.1 & echo \\$!\")
sleep 1
kill -0 $n 2>/dev/null && echo \"ended, and still there\" || echo \"ended, and gone\"
' >target/leave";

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch02",
        typed: &["cargo run -q -p ch02"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_bench_explains() {
    Transcript {
        name: "ch02-explain",
        typed: &["cargo run -q -p ch02 -- run --explain sh -c 'echo $$'"],
        figure: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_each_kind_makes_private() {
    Transcript {
        name: "ch02-kinds",
        typed: &[
            "cargo run -q -p ch02 -- run --new uts uname -n",
            "cargo run -q -p ch02 -- run --new pid sh -c 'echo $$'",
            "cargo run -q -p ch02 -- run --new cgroup --root / sh -c '
  IFS=: read -r number tree path </proc/self/cgroup; echo \"my group: $path\"'",
            "cargo run -q -p ch02 -- run --new time --ahead 3153600000 --root / sh -c '
  read -r up idle </proc/uptime; echo \"up for $((${up%.*} / 31536000)) years\"'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_a_pid_namespace_does_not_hide() {
    Transcript {
        name: "ch02-proc",
        typed: &[
            // The second gives the first the time to become what it is called.
            "sleep 4711 & sleep 1",
            "cargo run -q -p ch02 -- run --root / sh -c \"
  kill -0 $! 2>/dev/null || echo 'nobody here has that number'
  tr '\\0' ' ' </proc/$!/cmdline && echo\"",
            "kill $!",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_gate_is_for() {
    Transcript {
        name: "ch02-gate",
        typed: &[
            "cargo run -q -p ch02 -- run --new user,uts id -u",
            "cargo run -q -p ch02 -- run --new user,uts --unprepared id -u",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_a_step_that_fails_is_told() {
    Transcript {
        name: "ch02-refused",
        typed: &[
            "cargo run -q -p ch02 -- run --hostname $(printf '%065d' 7) true; echo $?",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_first_process_is_spared() {
    Transcript {
        name: "ch02-shield",
        typed: &[
            "cargo run -q -p ch02 -- run sh -c 'kill -TERM $$; kill -KILL $$; echo still here'",
            "cargo run -q -p ch02 -- run sh -c '
  trap \"echo told to end; exit 0\" TERM; kill -TERM $$; echo not reached'",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn who_must_take_in_orphans() {
    Transcript {
        name: "ch02-orphans",
        before: &["cd && mkdir target"],
        typed: &[
            LEAVE,
            "cargo run -q -p ch02 -- run --root / sh -c \"sh $PWD/target/leave & exec sleep 3\"",
            "cargo run -q -p ch02 -- run --root / sh -c \"sh $PWD/target/leave & wait\"",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_an_init_does() {
    Transcript {
        name: "ch02-init",
        // As the page has it above.
        before: &["cd && mkdir target", LEAVE],
        typed: &[
            "cargo run -q -p ch02 -- run --init sh -c 'echo \"number $$, a child of $PPID\"'",
            "cargo run -q -p ch02 -- run --init sh -c 'kill -TERM $$; echo still here'; echo $?",
            "cargo run -q -p ch02 -- run --init --root / sh -c \"sh $PWD/target/leave & exec sleep 3\"",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn how_a_second_process_joins() {
    Transcript {
        name: "ch02-join",
        before: &["cd && mkdir target"],
        typed: &[
            "cargo run -q -p ch02 -- run --detach target/pid --root / sleep 60",
            "cargo run -q -p ch02 -- compare $(cat target/pid)",
            "cargo run -q -p ch02 -- join $(cat target/pid) sh -c '
  echo \"I am number $$ on $(uname -n), a child of $PPID\"'",
            "kill -9 $(cat target/pid)",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// `just demo ch02` types what the pages show; each line is played once, in their order.
#[test]
fn the_demo_plays_them_all() {
    support::demo(
        "ch02",
        BENCH,
        &[
            "my name is chapter2\n",
            "up for 100 years\n",
            "nobody here has that number\nsleep 4711",
            "65534\n",
            "$ cargo run -q -p ch02 -- run --hostname",
            "I am number 2 on chapter2, a child of 0\n",
            "still here\n",
            "ended, and still there\n",
            "ended, and gone\n",
            "number 2, a child of 1\n",
            "ended, and gone\n",
        ],
    );
}
