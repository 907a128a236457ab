//! The protocol, as it is on the wire.

use super::*;

#[test]
fn the_lines_are_as_the_protocol_page_shows_them() {
    let wire = |request: &Request| serde_json::to_string(request).unwrap();
    assert_eq!(wire(&Request::Start), r#"{"do":"start"}"#);
    let attach = Request::Attach {
        exec: None,
        streams: Streams {
            stdout: true,
            ..Streams::default()
        },
    };
    assert_eq!(
        wire(&attach),
        r#"{"do":"attach","exec":null,"stdin":false,"stdout":true,"stderr":false}"#
    );
    let short: Request = serde_json::from_str(r#"{"do":"attach","stdout":true}"#)
        .expect("what is left out is false");
    assert_eq!(short, attach);
    let exec = r#"{"do":"exec","id":"e1","process":{"args":["ls"]},"stdin":true}"#;
    let Request::Exec(exec) = serde_json::from_str(exec).unwrap() else {
        panic!("not an exec")
    };
    assert!(exec.streams.stdin && !exec.detach);
}

#[test]
fn an_answer_is_ok_or_an_error_with_its_kind() {
    let wire = |answer: &Answer| serde_json::to_string(answer).unwrap();
    let ok = Answer::Ok {
        ok: Reply {
            pid: Some(7),
            ..Reply::default()
        },
    };
    assert_eq!(wire(&ok), r#"{"ok":{"pid":7}}"#);
    let refused = Answer::Refused(Refusal::state("not running"));
    assert_eq!(wire(&refused), r#"{"error":"not running","kind":"state"}"#);
    for answer in [ok, refused] {
        assert_eq!(
            serde_json::from_str::<Answer>(&wire(&answer)).unwrap(),
            answer
        );
    }
    let report = r#"{"ready":{"pid":1,"start_time":2,"shim_pid":3}}"#;
    let Ok(Report::Ready { ready }) = serde_json::from_str(report) else {
        panic!("not ready")
    };
    assert_eq!(ready.shim_pid, 3);
}

#[test]
fn errors_are_sorted_by_the_words_that_runtimes_use() {
    let kind = |text: &str| Kind::of(text);
    assert_eq!(
        kind("exec: \"x\": executable file not found in $PATH"),
        Kind::NotFound
    );
    assert_eq!(
        kind("executable file `x` not found: No such file or directory"),
        Kind::NotFound
    );
    assert_eq!(kind("exec /x: permission denied"), Kind::NotExecutable);
    assert_eq!(kind("exec /x: exec format error"), Kind::NotExecutable);
    assert_eq!(
        kind("mount /data on /data: No such file or directory"),
        Kind::Other
    );
}
