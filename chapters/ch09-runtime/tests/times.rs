//! The table of where the time of a start goes. Its numbers are those of one machine on
//! one day; what is checked is what they say: which calls, which chapters, all of the time.
//! So the table is only written anew when it is not there: `just times`, on a quiet machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::{Need, Ordinary, needs, run};

const TABLE: &str = "../../book/src/generated/start-times.md";

/// The cells of each line below the head.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let mut lines = table.lines();
    let head = lines.next().unwrap_or_default();
    assert_eq!(head, "| what | chapter | times | milliseconds | share |");
    let cells = |line: &'_ str| line.trim_matches('|').split('|').map(str::trim).count();
    assert!(lines.all(|line| cells(line) == 5), "{table}");
    let rows = table.lines().skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn tenths(cell: &str) -> u64 {
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// The calls that have a line of their own, if the table adds up.
#[track_caller]
fn calls(table: &str) -> BTreeSet<&str> {
    let rows = rows(table);
    let (whole, parts) = rows.split_last().expect("it has lines");
    assert_eq!(
        (whole[0], whole[4]),
        ("from `clone3` to `execve`", "100.0 %")
    );
    let shares: u64 = parts.iter().map(|row| tenths(row[4])).sum();
    assert!((980..=1000).contains(&shares), "{shares} of 1000:\n{table}");
    let counts: u64 = parts.iter().map(|row| tenths(row[2])).sum();
    // Each kind of calls is rounded down by itself.
    assert!(
        counts.abs_diff(tenths(whole[2])) <= 12,
        "{counts}:\n{table}"
    );
    let calls = parts.iter().filter(|row| row[0].starts_with('`'));
    for row in calls.clone() {
        let chapter: u8 = row[1].parse().expect("the chapter of a call");
        assert!((1..=9).contains(&chapter), "{row:?}");
    }
    calls.map(|row| row[0]).collect()
}

#[test]
fn where_the_time_goes() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch09"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let bless = std::env::var("SKIFF_BLESS").is_ok_and(|word| word == "1");
    let write = bless && !path.exists();
    command.args(["times", "--runs", if write { "50" } else { "5" }]);
    let seen = run(command).ok();
    if write {
        fs::write(&path, &seen).expect("write the table");
    }
    let printed = fs::read_to_string(&path).expect("the book's table");
    let (printed, seen) = (calls(&printed), calls(&seen));
    assert!(printed.contains("`clone3`"), "{printed:?}");
    let both = printed.intersection(&seen).count();
    assert!(
        both >= 6,
        "printed: {printed:?}\nseen: {seen:?}\n`just times` measures anew"
    );
}
