//! Which lines are read, and how they are given.

use std::io::{Cursor, Write};

use super::*;

const LOG: &str = r#"{"log":"one\n","stream":"stdout","time":"2026-01-01T00:00:01Z"}
{"log":"two\n","stream":"stderr","time":"2026-01-01T00:00:02.5Z"}
broken
{"log":"three\n","stream":"stdout","time":"2026-01-01T00:00:03.123456789Z"}
"#;

fn both() -> Wanted {
    Wanted {
        stdout: true,
        stderr: true,
        ..Wanted::default()
    }
}

fn read(wanted: Wanted) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, LOG).unwrap();
    let mut reader = Reader::open(&path, wanted).unwrap();
    let text = String::from_utf8(reader.read().unwrap()).unwrap();
    assert!(reader.read().unwrap().is_empty());
    text
}

#[test]
fn lines_are_chosen_by_stream_time_and_number() {
    let moment = |text| parse_moment(text).unwrap();
    assert_eq!(read(both()), "one\ntwo\nthree\n");
    assert_eq!(
        read(Wanted {
            stderr: false,
            ..both()
        }),
        "one\nthree\n"
    );
    assert_eq!(
        read(Wanted {
            tail: Some(1),
            ..both()
        }),
        "three\n"
    );
    assert_eq!(
        read(Wanted {
            tail: Some(0),
            ..both()
        }),
        ""
    );
    assert_eq!(
        read(Wanted {
            tail: Some(99),
            ..both()
        }),
        "one\ntwo\nthree\n"
    );
    let since = moment("2026-01-01T00:00:02Z");
    assert_eq!(read(Wanted { since, ..both() }), "two\nthree\n");
    let until = moment("2026-01-01T00:00:02Z");
    assert_eq!(read(Wanted { until, ..both() }), "one\n");
}

#[test]
fn lines_carry_their_time_and_their_header() {
    let text = read(Wanted {
        timestamps: true,
        tail: Some(1),
        ..both()
    });
    assert_eq!(text, "2026-01-01T00:00:03.123456789Z three\n");
    let text = read(Wanted {
        framed: true,
        stdout: false,
        ..both()
    });
    assert_eq!(text, "\u{2}\0\0\0\0\0\0\u{4}two\n");
}

#[test]
fn a_line_is_read_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut file = File::create(&path).unwrap();
    let mut reader = Reader::open(&path, both()).unwrap();
    let (first, rest) = LOG.split_at(20);
    file.write_all(first.as_bytes()).unwrap();
    assert!(reader.read().unwrap().is_empty());
    file.write_all(rest.as_bytes()).unwrap();
    assert_eq!(reader.read().unwrap(), b"one\ntwo\nthree\n");
    assert!(Reader::open(&folder.path().join("none"), both()).is_ok());
}

#[test]
fn the_tail_is_found_across_blocks() {
    let text = "0123456789\n".repeat(20_000);
    let mut file = Cursor::new(text.as_bytes());
    for lines in [1, 2, 5_957, 5_958, 19_999, 20_000, 20_001] {
        let start = tail_position(&mut file, lines).unwrap();
        let expected = text.len().saturating_sub(lines * 11);
        assert_eq!(usize::try_from(start).unwrap(), expected, "{lines}");
    }
}

#[test]
fn moments() {
    let second = |text: &str| {
        let moment = parse_moment(text).unwrap();
        moment.map(|moment| moment.as_nanosecond())
    };
    assert_eq!(second("0"), None);
    assert_eq!(second(""), None);
    assert_eq!(second("0.000000000"), None);
    assert_eq!(second("12"), Some(12_000_000_000));
    assert_eq!(second("12.5"), Some(12_500_000_000));
    assert_eq!(second("1970-01-01T00:00:12Z"), Some(12_000_000_000));
    for wrong in ["x", "1.x", "1.0000000000", "2026-99-01T00:00:00Z"] {
        assert!(parse_moment(wrong).is_err(), "{wrong}");
    }
}
