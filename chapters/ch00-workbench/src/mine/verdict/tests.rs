//! Every sentence that a wrong program can be told.

use super::*;

fn check(more: &str) -> Check {
    let text = format!("title = 't'\nrun = ['run', '{{root}}']\nadvice = 'a'\n{more}");
    toml::from_str(&text).unwrap()
}

fn values() -> Values {
    Values {
        random: "word".into(),
        other: "other".into(),
        number: 7,
        root: "/tmp/x/root".into(),
        bundle: "/tmp/x/bundle".into(),
        outside: "/tmp/x/outside".into(),
        host: "ship".into(),
    }
}

fn seen(code: i32, stdout: &str, stderr: &str) -> Seen {
    Seen {
        ended: Ended::Code(code),
        stdout: stdout.into(),
        stderr: stderr.into(),
        left: 0,
        shared: Vec::new(),
        above: false,
        other: Vec::new(),
    }
}

fn told(more: &str, seen: &Seen) -> String {
    judge(&check(more), seen, &values()).map_or(String::new(), |lines| lines.join("|"))
}

#[test]
fn what_is_as_expected_passes() {
    let rows = [
        ("", seen(0, "whatever", "")),
        ("stdout = '{random}'", seen(0, "word\n", "noise")),
        ("stdout = ''", seen(0, "", "")),
        ("stdout-lines = ['a', '{random}']", seen(0, "a\nword\n", "")),
        (
            "stderr-contains = 'no such {random}'",
            seen(0, "", "x: No such word\n"),
        ),
        ("code = '{number}'", seen(7, "", "")),
        ("code = 127", seen(127, "", "")),
    ];
    for (more, seen) in rows {
        assert_eq!(told(more, &seen), "", "{more}");
    }
}

#[test]
fn what_did_not_come_is_named_with_its_value() {
    let rows = [
        (
            "stdout = '{random}'",
            seen(0, "other", ""),
            "standard output: word",
        ),
        ("stdout = ''", seen(0, "x", ""), "standard output: nothing"),
        // One end of line too many is an end of line too many.
        ("stdout = 'x'", seen(0, "x\n\n", ""), "standard output: x"),
        (
            "stdout-lines = ['a', 'b']",
            seen(0, "b\na\n", ""),
            "standard output:|  a|  b",
        ),
        (
            "stderr-contains = 'no-{random}'",
            seen(0, "", "no"),
            "standard error that contains \"no-word\"",
        ),
        ("code = '{number}'", seen(1, "", ""), "exit code 7"),
        // What is wrong first is told, not what follows from it.
        (
            "stdout = 'x'\ncode = 1",
            seen(0, "", ""),
            "standard output: x",
        ),
    ];
    for (more, seen, wanted) in rows {
        assert_eq!(told(more, &seen), wanted, "{more}");
    }
}

#[test]
fn what_was_seen_from_outside_counts_too() {
    let left = Seen {
        left: 2,
        ..seen(0, "", "")
    };
    assert_eq!(told("", &left), "");
    let more = "leaves-nothing = true";
    assert_eq!(told(more, &left), "no process that is left running");
    let shared = Seen {
        shared: vec!["pid".into()],
        ..seen(0, "", "")
    };
    let more = "[while-running]\nown = ['uts', 'pid']";
    assert_eq!(told(more, &shared), "namespaces of its own: uts, pid");
    assert!(account(&shared).contains(&"namespaces of the host: pid".to_owned()));
    let above = Seen {
        above: true,
        ..seen(0, "", "")
    };
    assert_eq!(told("", &above), "a root with nothing above it");
    assert!(account(&above)[1].contains("`..` leads on"));
}

#[test]
fn who_had_to_be_stopped_is_told_so() {
    let stopped = |ended| Seen {
        ended,
        left: 1,
        ..seen(0, "", "")
    };
    let long = stopped(Ended::TooLong(10));
    assert_eq!(told("", &long), "to end within 10 seconds");
    assert_eq!(
        account(&long)[1..],
        ["it was still running after 10 seconds, and was stopped"]
    );
    let loud = stopped(Ended::TooLoud(65_536));
    assert_eq!(told("", &loud), "at most 64 KiB of output");
}

#[test]
fn a_command_is_shown_as_one_types_it() {
    let mut check = check("");
    check
        .run
        .extend(["sh", "-c", "echo 'a b'", ""].map(str::to_owned));
    let shown = shown_command(&check, &values());
    assert_eq!(shown, r"mine run ROOT sh -c 'echo '\''a b'\''' ''");
}

#[test]
fn no_output_rules_the_terminal_or_fills_it() {
    let text = format!("\u{1b}[2J{}\n{}", "x".repeat(300), "y\n".repeat(30));
    let lines = quoted("standard output", &text);
    assert_eq!(lines.len(), 10);
    assert!(lines[1].starts_with("  \\u{1b}[2Jxx") && lines[1].ends_with('…'));
    assert!(lines[1].chars().count() < 220, "{lines:?}");
    assert_eq!(lines[9], "  … and 23 lines more");
}

#[test]
fn advice_is_wrapped_between_words() {
    assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
    assert_eq!(wrapped("abcdefghij k", 4), ["abcdefghij", "k"]);
}
