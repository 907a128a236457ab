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
