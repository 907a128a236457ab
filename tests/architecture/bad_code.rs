//! Each rule finds its bad snippet, and lets the good one pass.

use crate::rules::{
    forks, places, prints, runtime_knows_no_image, rustix, unsafes, untidy, uses,
    without_module_doc,
};
use crate::source::Source;

const LIB: &str = "chapters/ch05-network/src/lib.rs";
const RUNTIME: &str = "chapters/ch09-runtime/src/a.rs";

type Rule = fn(&[Source]) -> Vec<String>;

#[track_caller]
fn finds(rule: Rule, path: &str, text: &str) {
    assert!(
        !rule(&[Source::new(path, text)]).is_empty(),
        "{path}: {text}"
    );
}

#[track_caller]
fn passes(rule: Rule, path: &str, text: &str) {
    assert_eq!(rule(&[Source::new(path, text)]), [""; 0], "{path}: {text}");
}

#[test]
fn a_fork_elsewhere_is_found() {
    finds(forks, LIB, "f(libc::fork())");
    finds(forks, LIB, "syscall(libc::SYS_clone3)");
    passes(forks, LIB, "// libc::fork\nlet forks = 2;");
    let here = "chapters/ch01-chroot/src/process/clone.rs";
    passes(forks, here, "syscall(libc::SYS_clone3)");
}

#[test]
fn rustix_elsewhere_is_found() {
    finds(rustix, LIB, "use rustix::fs;");
    let here = "chapters/ch03-mounts/src/root.rs";
    passes(rustix, here, "use rustix::fs;");
}

#[test]
fn a_library_that_prints_or_exits_is_found() {
    finds(prints, LIB, "println!(\"x\")");
    finds(prints, LIB, "std::process::exit(1)");
    passes(prints, LIB, "#[cfg(test)]\nmod tests { dbg!() }");
    passes(prints, "chapters/ch05-network/src/main.rs", "println!()");
}

#[test]
fn a_runtime_that_knows_images_is_found() {
    finds(runtime_knows_no_image, RUNTIME, "fn f(i: &Image) {}");
    passes(runtime_knows_no_image, RUNTIME, "// no image here");
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    finds(without_module_doc, LIB, "use std::fs;");
    passes(without_module_doc, LIB, "//! What this is.\nuse std::fs;");
}

#[test]
fn stubs_and_drawers_are_found() {
    finds(untidy, LIB, "fn f() { todo!() }");
    passes(untidy, LIB, "// todo!() is for others");
    finds(untidy, "chapters/ch05-network/src/utils.rs", "");
    let starter = "chapters/ch01-chroot/exercises/a/starter.rs";
    passes(untidy, starter, "fn f() { todo!() }");
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
fn places_are_found() {
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
