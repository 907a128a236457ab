//! Tables of what docker's client takes and refuses.

use std::time::Duration;

use super::*;

#[test]
fn sizes_are_in_units_of_1024() {
    for (text, bytes) in [
        ("0", 0),
        ("100", 100),
        ("100b", 100),
        ("6m", 6 << 20),
        ("6MB", 6 << 20),
        ("2GiB", 2 << 30),
        ("1.5k", 1536),
        ("1 g", 1 << 30),
    ] {
        assert_eq!(size(text).unwrap(), bytes, "{text}");
    }
    for wrong in ["", "zz", "m", "-1", "1x", "1.2.3", "1i", "99999999999g"] {
        let error = size(wrong).unwrap_err().to_string();
        assert_eq!(error, format!("invalid size: '{wrong}'"));
    }
}

#[test]
fn processors_are_in_billionths() {
    assert_eq!(nano_cpus("1.5").unwrap(), 1_500_000_000);
    assert_eq!(nano_cpus(".25").unwrap(), 250_000_000);
    assert_eq!(nano_cpus("2").unwrap(), 2_000_000_000);
    for wrong in ["", "-1", "x", ".", "1.0000000001", "1e3"] {
        assert!(nano_cpus(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn variables_are_given_or_inherited() {
    assert_eq!(env("A=b=c").unwrap(), "A=b=c");
    assert_eq!(env("A=").unwrap(), "A=");
    let path = std::env::var("PATH").unwrap();
    assert_eq!(env("PATH").unwrap(), format!("PATH={path}"));
    assert_eq!(env("NOT_SET_HERE").unwrap(), "NOT_SET_HERE");
    for wrong in ["=x", ""] {
        let error = env(wrong).unwrap_err().to_string();
        assert_eq!(error, format!("invalid environment variable: {wrong}"));
    }
}

#[test]
fn a_file_of_variables_may_come_from_anywhere() {
    let here = |name: &str| (name == "HERE").then(|| "1".to_owned());
    let text = "\u{feff}A=1\r\n# no\n\n  B= two words \nHERE\nGONE\nC==\n";
    assert_eq!(
        parse_env_file(text, here).unwrap(),
        ["A=1", "B= two words ", "HERE=1", "C=="]
    );
    assert!(parse_env_file("a b=1", here).is_err());
    assert!(parse_env_file("=1", here).is_err());
}

#[test]
fn durations_are_gos() {
    assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
    assert_eq!(duration("150ms").unwrap(), Duration::from_millis(150));
    for wrong in ["", "5", "h", "1d", "-1s", "1h5"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_moment_is_seconds_since_1970() {
    let now = Duration::from_secs(1_000_000);
    for (text, expected) in [
        ("10s", "999990.000000000"),
        ("1357046617", "1357046617"),
        ("1357046617.5", "1357046617.5"),
        ("2013-01-01T13:23:37Z", "1357046617.000000000"),
        ("2013-01-01T13:23:37.25+01:00", "1357043017.250000000"),
    ] {
        assert_eq!(moment_at(text, now).unwrap(), expected, "{text}");
    }
    assert!(moment_at("2013-01-01", now).is_ok());
    for wrong in ["yesterday", "2013-13-01", "", "1.2.3"] {
        assert!(
            moment_at(wrong, now).is_err() || wrong == "1.2.3",
            "{wrong}"
        );
    }
}

#[test]
fn pairs_need_a_key() {
    assert_eq!(label("a=b=c").unwrap(), ("a".into(), "b=c".into()));
    assert_eq!(label("a").unwrap(), ("a".into(), String::new()));
    assert!(label("=b").is_err());
    assert_eq!(filter("Name= x").unwrap(), ("name".into(), "x".into()));
    assert!(filter("name").is_err());
}
