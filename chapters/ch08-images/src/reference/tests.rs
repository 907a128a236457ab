//! The grammar as a table: what is typed, what is meant.

use proptest::prelude::*;

use super::*;

const DIGEST: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Typed, meant in full, shown.
const GOOD: &[[&str; 3]] = &[
    ["busybox", "docker.io/library/busybox", "busybox"],
    [
        "busybox:latest",
        "docker.io/library/busybox:latest",
        "busybox:latest",
    ],
    ["library/busybox", "docker.io/library/busybox", "busybox"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    [
        "docker.io/library/busybox",
        "docker.io/library/busybox",
        "busybox",
    ],
    [
        "index.docker.io/busybox",
        "docker.io/library/busybox",
        "busybox",
    ],
    ["index.docker.io/a/b", "docker.io/a/b", "a/b"],
    [
        "someone/busybox",
        "docker.io/someone/busybox",
        "someone/busybox",
    ],
    [
        "someone/busybox:1.36",
        "docker.io/someone/busybox:1.36",
        "someone/busybox:1.36",
    ],
    ["library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["localhost/x", "localhost/x", "localhost/x"],
    ["localhost:5000/x", "localhost:5000/x", "localhost:5000/x"],
    [
        "localhost:5000/a/b/c:t",
        "localhost:5000/a/b/c:t",
        "localhost:5000/a/b/c:t",
    ],
    ["127.0.0.1:5000/x", "127.0.0.1:5000/x", "127.0.0.1:5000/x"],
    ["127.0.0.1/x", "127.0.0.1/x", "127.0.0.1/x"],
    ["[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"],
    [
        "[fd00:1:2::3]/x:t",
        "[fd00:1:2::3]/x:t",
        "[fd00:1:2::3]/x:t",
    ],
    [
        "quay.io/podman/stable",
        "quay.io/podman/stable",
        "quay.io/podman/stable",
    ],
    [
        "test.com:8080/foo:tag",
        "test.com:8080/foo:tag",
        "test.com:8080/foo:tag",
    ],
    ["FOO/bar", "FOO/bar", "FOO/bar"],
    [
        "xn--n3h.com/myimage:t",
        "xn--n3h.com/myimage:t",
        "xn--n3h.com/myimage:t",
    ],
    ["a", "docker.io/library/a", "a"],
    ["a-b_c.d__e", "docker.io/library/a-b_c.d__e", "a-b_c.d__e"],
    ["a---b", "docker.io/library/a---b", "a---b"],
    ["0abc/1", "docker.io/0abc/1", "0abc/1"],
    ["x:_", "docker.io/library/x:_", "x:_"],
    ["x:A.b-C_9", "docker.io/library/x:A.b-C_9", "x:A.b-C_9"],
    ["foo.com/bar", "foo.com/bar", "foo.com/bar"],
    ["foo.com:80/bar", "foo.com:80/bar", "foo.com:80/bar"],
    ["test:5000", "docker.io/library/test:5000", "test:5000"],
    ["test:5000/repo", "test:5000/repo", "test:5000/repo"],
    ["a/b/c/d/e/f", "docker.io/a/b/c/d/e/f", "a/b/c/d/e/f"],
];

const BAD: &[&str] = &[
    "",
    ":tag",
    ":justtag",
    "@",
    "x@",
    "x@sha256:xx",
    "x@md5:d41d8cd98f00b204e9800998ecf8427e",
    "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "x:",
    "x:-a",
    "x:.a",
    "x:a/b",
    "x:a:b",
    "x:tag@",
    "a//b",
    "/a",
    "a/",
    "/",
    "a/-b",
    "a/b-",
    "_a",
    "a_",
    "a..b",
    "a___b",
    "a._b",
    "-a",
    ".",
    "..",
    "../x",
    "a/../b",
    "a b",
    " a",
    "a ",
    "a\n",
    "a\0b",
    "UPPER",
    "Upper/x/Y",
    "docker.io/UPPER",
    "https://x.io/y",
    "http://localhost:5000/x",
    "x.io:port/y",
    "x.io:/y",
    "-x.io/y",
    "x-.io/y",
    "x..io/y",
    "[::1/x",
    "[::1]5000/x",
    "[]/x",
    "[zz]/x",
    "ä",
    "a/ä",
    "a:ä",
    "ä.io/x",
    "a%2fb",
    "a*",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

#[test]
fn what_is_typed_means_what_the_table_says() {
    for [typed, meant, shown] in GOOD {
        let parsed: Reference = typed.parse().unwrap_or_else(|e| panic!("{typed}: {e}"));
        assert_eq!(parsed.to_string(), *meant, "{typed}");
        assert_eq!(parsed.familiar(), *shown, "{typed}");
        let again: Reference = shown.parse().unwrap();
        assert_eq!(again, parsed, "{typed} is not what it shows");
    }
}

#[test]
fn what_is_no_reference_is_refused() {
    for text in BAD {
        assert!(text.parse::<Reference>().is_err(), "{text:?} was taken");
    }
}

#[test]
fn a_tag_has_at_most_128_characters_and_a_path_255() {
    let with_tag = |n| format!("x:{}", "t".repeat(n)).parse::<Reference>();
    assert!(with_tag(128).is_ok());
    assert!(with_tag(129).is_err());
    let with_path = |n| format!("x.io/{}", "p".repeat(n)).parse::<Reference>();
    assert!(with_path(255).is_ok());
    assert!(with_path(256).is_err());
}

#[test]
fn a_digest_follows_name_or_tag() {
    for (typed, tag) in [
        (format!("x@{DIGEST}"), None),
        (format!("x:t@{DIGEST}"), Some("t")),
    ] {
        let parsed: Reference = typed.parse().unwrap();
        assert_eq!(parsed.tag.as_deref(), tag);
        assert_eq!(parsed.digest.as_ref().map(Digest::as_str), Some(DIGEST));
        assert_eq!(parsed.familiar(), typed);
        assert_eq!(parsed.clone().or_latest(), parsed);
    }
    let latest = "x".parse::<Reference>().unwrap().or_latest();
    assert_eq!(latest.familiar(), "x:latest");
}

#[test]
fn the_texts_are_dockers() {
    let told = |text: &str| text.parse::<Reference>().unwrap_err().to_string();
    assert_eq!(told("a//b"), "invalid reference format");
    assert_eq!(
        told("UPPER"),
        "invalid reference format: repository name (library/UPPER) must be lowercase"
    );
}

proptest! {
    #[test]
    fn any_text_is_refused_or_comes_back(text in "[a-zA-Z0-9:/@._\\-\\[\\] ]{0,40}") {
        if let Ok(parsed) = text.parse::<Reference>() {
            let again: Reference = parsed.to_string().parse().unwrap();
            prop_assert_eq!(&again, &parsed);
            let familiar: Reference = parsed.familiar().parse().unwrap();
            prop_assert_eq!(&familiar, &parsed);
            prop_assert!(!parsed.path.split('/').any(|c| c == ".." || c.is_empty()));
        }
    }
}
