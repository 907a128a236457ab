//! The invariants of the house, each a function from files to complaints.

use crate::source::{Source, has_root, has_word};

/// Files that may say `unsafe`: calls that no crate wraps, and what is shared by a fork.
pub(crate) const UNSAFE: &[&str] = &[
    "chapters/ch01-chroot/src/escape/rights.rs",
    "chapters/ch01-chroot/src/process/clone.rs",
    "chapters/ch01-chroot/src/process/exec.rs",
    "chapters/ch01-chroot/src/process/line.rs",
    "chapters/ch01-chroot/src/process/reap.rs",
    "chapters/ch03-mounts/src/attributes.rs",
    "chapters/ch04-privileges/src/capability_calls.rs",
    "chapters/ch04-privileges/src/scheduling_calls.rs",
    "chapters/ch04-privileges/src/seccomp/install.rs",
    "chapters/ch04-privileges/src/seccomp/tests/kernel.rs",
    "chapters/ch05-network/src/loopback.rs",
    "chapters/ch06-cgroups/src/kernel.rs",
    "chapters/ch07-overlay/src/fscontext.rs",
    "chapters/ch07-overlay/src/xattr.rs",
    "chapters/ch09-runtime/src/raw.rs",
    "chapters/ch11-engine/src/client/terminal/window.rs",
    "chapters/ch11-engine/src/server/activation.rs",
];

const MOST_LINES: usize = 400;

/// Whether this is code of the product and not of its tests.
fn is_product(source: &Source) -> bool {
    let path = &source.path;
    path.ends_with(".rs")
        && (path.starts_with("src/")
            || (path.starts_with("chapters/") && path.contains("/src/")))
}

/// Lines of product files, `allowed` ones left out, that have one of `words`.
fn only(
    files: &[Source],
    allowed: impl Fn(&Source) -> bool,
    words: &[&str],
) -> Vec<String> {
    let others = files.iter().filter(|s| is_product(s) && !allowed(s));
    others
        .flat_map(|s| words.iter().flat_map(|word| s.lines_with(word)))
        .collect()
}

/// Only `chroot::process` makes processes that are copies of this one.
pub(crate) fn forks(files: &[Source]) -> Vec<String> {
    let here = |s: &Source| s.path.starts_with("chapters/ch01-chroot/src/process");
    let words = [
        "SYS_clone3",
        "SYS_clone",
        "SYS_fork",
        "libc::fork",
        "libc::vfork",
        "libc::clone",
        "unistd::fork",
        "ForkResult",
        "sched::clone",
        "unistd::daemon",
    ];
    only(files, here, &words)
}

/// `rustix` is in `mounts` alone: elsewhere nix and libc speak to the kernel.
pub(crate) fn rustix(files: &[Source]) -> Vec<String> {
    only(
        files,
        |s| s.path.starts_with("chapters/ch03-mounts/"),
        &["rustix::", "use rustix"],
    )
}

/// Libraries return what happened; programs print it and exit.
pub(crate) fn prints(files: &[Source]) -> Vec<String> {
    let words = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "process::exit",
    ];
    only(files, |s| s.program, &words)
}

/// `unsafe` stands in listed files only, and a listed file needs to be.
pub(crate) fn unsafes(files: &[Source], listed: &[&str]) -> Vec<String> {
    let strays = only(files, |s| listed.contains(&s.path.as_str()), &["unsafe"]);
    let idle = listed.iter().filter(|path| {
        !files
            .iter()
            .any(|s| s.path == **path && !s.lines_with("unsafe").is_empty())
    });
    strays
        .into_iter()
        .chain(idle.map(|path| format!("{path} is listed: it has none")))
        .collect()
}

/// The runtime takes a bundle: it knows no image.
pub(crate) fn runtime_knows_no_image(files: &[Source]) -> Vec<String> {
    let runtime = files
        .iter()
        .filter(|s| s.path.starts_with("chapters/ch09-runtime/src/"));
    let named = runtime.flat_map(|s| {
        let lines = s.product().lines().enumerate();
        lines
            .filter(|(_, line)| line.to_lowercase().contains("image"))
            .map(|(n, line)| format!("{}:{}: {}", s.path, n + 1, line.trim()))
    });
    named.collect()
}

/// Lines of the files below `place` that use one of `libraries`.
pub(crate) fn uses(files: &[Source], place: &[&str], libraries: &[&str]) -> Vec<String> {
    let inside = files
        .iter()
        .filter(|s| place.iter().any(|p| s.path.starts_with(p)));
    let lines =
        inside.flat_map(|s| s.product().lines().enumerate().map(move |(n, l)| (s, n, l)));
    lines
        .filter(|(_, _, line)| libraries.iter().any(|name| has_root(line, name)))
        .map(|(s, n, line)| format!("{}:{}: {}", s.path, n + 1, line.trim()))
        .collect()
}

/// A file that must be read in parts wants to be parts.
pub(crate) fn long(files: &[Source]) -> Vec<String> {
    let long = files.iter().filter(|s| s.path.ends_with(".rs"));
    long.filter(|s| s.text.lines().count() > MOST_LINES)
        .map(|s| format!("{}: {} lines", s.path, s.text.lines().count()))
        .collect()
}

/// Each file says first what it is.
pub(crate) fn without_module_doc(files: &[Source]) -> Vec<String> {
    let without = files.iter().filter(|s| s.path.ends_with(".rs"));
    without
        .filter(|s| !s.text.trim_start().starts_with("//!"))
        .map(|s| s.path.clone())
        .collect()
}

/// Nothing names the place where it was written: one of `here`.
pub(crate) fn places(files: &[Source], here: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for source in files {
        for (n, line) in source.text.lines().enumerate() {
            if here.iter().any(|place| line.contains(place)) {
                found.push(format!("{}:{}: {}", source.path, n + 1, line.trim()));
            }
        }
    }
    found
}

/// No stub, no test that is never run, no drawer for things without a name.
pub(crate) fn untidy(files: &[Source]) -> Vec<String> {
    let drawers = ["utils.rs", "util.rs", "common.rs", "helpers.rs", "misc.rs"];
    let words = ["todo!", "unimplemented!", "#[ignore"];
    let mut found = Vec::new();
    let ours = |s: &&Source| s.path.ends_with(".rs") && !s.path.ends_with("/starter.rs");
    for source in files.iter().filter(ours) {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if drawers.contains(&name) {
            found.push(format!("{}: a name that says nothing", source.path));
        }
        for (n, line) in source.code.lines().enumerate() {
            if words
                .iter()
                .any(|word| has_word(line, word) || line.contains(word))
            {
                found.push(format!("{}:{}: {}", source.path, n + 1, line.trim()));
            }
        }
    }
    found
}

/// Every check finds its bad snippet, and lets the good one pass.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_rule_finds_what_it_forbids() {
    const LIB: &str = "chapters/ch05-network/src/lib.rs";
    type Rule = fn(&[Source]) -> Vec<String>;
    let rows: [(Rule, &str, &str, &str, &str); 9] = [
        (
            forks,
            LIB,
            "f(libc::fork())",
            LIB,
            "// libc::fork\nlet forks = 2;",
        ),
        (
            forks,
            LIB,
            "syscall(libc::SYS_clone3)",
            "chapters/ch01-chroot/src/process/clone.rs",
            "syscall(libc::SYS_clone3)",
        ),
        (
            rustix,
            LIB,
            "use rustix::fs;",
            "chapters/ch03-mounts/src/root.rs",
            "use rustix::fs;",
        ),
        (
            prints,
            LIB,
            "println!(\"x\")",
            "chapters/ch05-network/src/main.rs",
            "println!()",
        ),
        (
            prints,
            LIB,
            "std::process::exit(1)",
            LIB,
            "#[cfg(test)]\nmod tests { dbg!() }",
        ),
        (
            runtime_knows_no_image,
            "chapters/ch09-runtime/src/a.rs",
            "fn f(i: &Image) {}",
            "chapters/ch09-runtime/src/a.rs",
            "// no image here",
        ),
        (
            without_module_doc,
            LIB,
            "use std::fs;",
            LIB,
            "//! What this is.\nuse std::fs;",
        ),
        (
            untidy,
            LIB,
            "fn f() { todo!() }",
            LIB,
            "// todo!() is for others",
        ),
        (
            untidy,
            "chapters/ch05-network/src/utils.rs",
            "",
            "chapters/ch01-chroot/exercises/a/starter.rs",
            "fn f() { todo!() }",
        ),
    ];
    for (rule, bad_path, bad, good_path, good) in rows {
        assert!(
            !rule(&[Source::new(bad_path, bad)]).is_empty(),
            "{bad_path}: {bad}"
        );
        assert_eq!(
            rule(&[Source::new(good_path, good)]),
            [""; 0],
            "{good_path}: {good}"
        );
    }
}

#[test]
fn unsafe_is_found_and_so_is_a_listing_without_it() {
    let file = |text| [Source::new("chapters/ch05-network/src/raw.rs", text)];
    let code = "fn f() { unsafe { g() } }";
    assert_eq!(unsafes(&file(code), &[]).len(), 1);
    assert_eq!(
        unsafes(&file(code), &["chapters/ch05-network/src/raw.rs"]),
        [""; 0]
    );
    assert_eq!(unsafes(&file("#![deny(unsafe_code)]"), &[]), [""; 0]);
    assert_eq!(
        unsafes(&file(""), &["chapters/ch05-network/src/raw.rs"]).len(),
        1
    );
}

#[test]
fn long_files_and_places_are_found() {
    let text = |lines: usize| [Source::new("src/a.rs", &"//! x\n".repeat(lines))];
    assert_eq!((long(&text(400)).len(), long(&text(401)).len()), (0, 1));
    let file = |text| [Source::new("README.md", text)];
    let here = ["/srv/here/skiff".to_owned()];
    assert_eq!(places(&file("cd /srv/here/skiff/book"), &here).len(), 1);
    assert_eq!(
        places(&file("ls /home, $HOME/x, /srv/skiff"), &here),
        [""; 0]
    );
}

#[test]
fn uses_looks_only_where_it_is_told() {
    let file = |text| [Source::new("chapters/ch11-engine/src/client/http.rs", text)];
    let (place, banned) = (["chapters/ch11-engine/src/client"], ["images", "shim"]);
    assert_eq!(uses(&file("use images::Store;"), &place, &banned).len(), 1);
    assert_eq!(
        uses(&file("use crate::api::images::X;"), &place, &banned),
        [""; 0]
    );
    assert_eq!(
        uses(&file("use images::Store;"), &["src/bin"], &banned),
        [""; 0]
    );
}
