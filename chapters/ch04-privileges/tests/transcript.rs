//! What the pages of this chapter print.

use support::{Need, Transcript, demo};

const BENCH: &str = env!("CARGO_BIN_EXE_ch04");

/// The world's root plays a user of the number 1000, to whom /etc/subuid lends ids.
const A_USER_WITH_IDS: &[&str] = &[
    "install -m 755 $PROGRAMS/ch04 $PROGRAMS/ch01 /run",
    "echo 1000:100000:65536 > /run/lent",
    "mount --bind /run/lent /etc/subuid && mount --bind /run/lent /etc/subgid",
    "mkdir -m 777 /run/home && cd /run/home && mkdir -m 777 target",
    r#"cargo() {
  program=$4; shift 5
  HOME=/run/home setpriv --reuid 1000 --regid 1000 --clear-groups "/run/$program" "$@"
}"#,
];

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch04",
        typed: &["cargo run -q -p ch04"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_exec_gives_and_takes() {
    Transcript {
        name: "ch04-exec",
        typed: &["cargo run -q -p ch04 -- exec"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_the_steps_are() {
    Transcript {
        name: "ch04-explain",
        typed: &["cargo run -q -p ch04 -- run --explain true"],
        sections: true,
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn which_ways_a_filter_closes() {
    Transcript {
        name: "ch04-ways",
        typed: &["cargo run -q -p ch04 -- ways"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
    Transcript {
        name: "ch04-strict",
        typed: &["cargo run -q -p ch04 -- strict"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// The numbers are of one table; other machines have others.
#[test]
#[cfg(target_arch = "x86_64")]
fn what_a_filter_does() {
    Transcript {
        name: "ch04-filter",
        typed: &["cargo run -q -p ch04 -- filter --lesson"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
    Transcript {
        name: "ch04-walk",
        typed: &[
            "cargo run -q -p ch04 -- filter --lesson --call clone 0x10000000 | tail -n 2",
            "cargo run -q -p ch04 -- filter --lesson --call clone 0x11 | tail -n 2",
            "cargo run -q -p ch04 -- filter --call unshare",
        ],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

#[test]
fn what_more_ids_are_good_for() {
    let with_ids = Transcript {
        needs: &[Need::Tool("newuidmap"), Need::Tool("setpriv")],
        before: A_USER_WITH_IDS,
        ..Transcript::ROOT
    };
    Transcript {
        name: "ch04-users",
        typed: &[
            "cargo run -q -p ch04 -- ids",
            "cargo run -q -p ch04 -- run -u 33 sh -c '
  id -u; while read -r line; do echo $line; done < /proc/self/uid_map'",
        ],
        ..with_ids
    }
    .check(BENCH);
    Transcript {
        name: "ch04-setuid",
        typed: &[
            "rm -rf target/boat && cargo run -q -p ch01 -- toolbox target/boat",
            "cargo run -q -p ch04 -- run --root target/boat sh -c '
  cp /bin/id /whoami; chmod u+s /whoami'",
            "cargo run -q -p ch04 -- run --root target/boat -u 33 --new-privileges /whoami -u",
            "cargo run -q -p ch04 -- run --root target/boat -u 33 /whoami -u",
        ],
        ..with_ids
    }
    .check(BENCH);
}

/// `just demo ch04` types what the pages show; each line is played once, in their order.
#[test]
fn the_demo_plays_them_all() {
    let lines = [
        "root here                 yes",
        "user 1000, ambient          NET_BIND_SERVICE    NET_BIND_SERVICE\n",
        "the lesson's filter     EPERM                       yes\n",
        "it asked for the host's name: signal 9\n",
        "in a namespace is",
        "/whoami -u\n",
    ];
    demo("ch04", BENCH, &lines);
}
