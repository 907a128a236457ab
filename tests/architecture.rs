//! The map of the house, checked: which room uses which, and what is in no room.
//!
//! A complaint names the file and the line. Where the code is right and the rule is
//! not, change the rule here, in the same commit, and say why.

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/bad_code.rs"]
mod bad_code;
#[path = "architecture/lengths.rs"]
mod lengths;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::path::Path;
use std::sync::OnceLock;

use arrows::ROOMS;
use source::{Source, files, top_names};

/// Panics with one complaint a line.
#[track_caller]
fn none(what: &str, complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{what}:\n  {}",
        complaints.join("\n  ")
    );
}

/// All Rust of the project, read once.
fn rust() -> &'static [Source] {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    ALL.get_or_init(|| files(&[".rs"]))
}

#[test]
fn arrows_point_down() {
    let manifests = files(&["Cargo.toml"]);
    assert!(
        manifests.len() > ROOMS.len(),
        "the chapters' manifests were found"
    );
    let wrong: Vec<_> = manifests
        .iter()
        .filter(|m| m.path.starts_with("chapters/"))
        .flat_map(arrows::manifest_arrows)
        .collect();
    none("a chapter uses only chapters before it", &wrong);
}

#[test]
fn libraries_use_what_the_table_says() {
    let all = rust();
    let mut wrong = Vec::new();
    for room in ROOMS {
        let top = format!("chapters/{}-", room.package);
        let inside = |s: &&Source| {
            s.path.starts_with(&top) && s.path.contains("/src/") && !s.program
        };
        let library: Vec<&Source> = all.iter().filter(inside).collect();
        assert!(!library.is_empty(), "{top} has a library");
        wrong.extend(arrows::library_arrows(room, &library));
    }
    none(
        "the arrows between chapters (tests/architecture/arrows.rs)",
        &wrong,
    );
}

#[test]
fn only_chroot_process_forks() {
    none("only chroot::process forks", &rules::forks(rust()));
}

#[test]
fn rustix_is_in_mounts_alone() {
    none("rustix only in mounts", &rules::rustix(rust()));
}

#[test]
fn only_programs_print_or_exit() {
    none(
        "only main.rs and src/ print or exit",
        &rules::prints(rust()),
    );
}

#[test]
fn unsafe_is_where_the_list_says() {
    let wrong = rules::unsafes(rust(), rules::UNSAFE);
    none(
        "unsafe (the list is in tests/architecture/rules.rs)",
        &wrong,
    );
}

#[test]
fn the_runtime_knows_no_image() {
    none(
        "the runtime takes a bundle",
        &rules::runtime_knows_no_image(rust()),
    );
}

#[test]
fn the_client_half_uses_no_chapter_but_the_workbench() {
    let place = [
        "chapters/ch11-engine/src/client",
        "chapters/ch11-engine/src/api",
    ];
    let chapters: Vec<_> = ROOMS.iter().map(|room| room.library).collect();
    let others: Vec<_> = chapters
        .into_iter()
        .filter(|name| !["workbench", "engine"].contains(name))
        .collect();
    let all = rust();
    assert!(
        all.iter().any(|s| s.path.starts_with(place[0])),
        "the client was found"
    );
    none(
        "the client speaks to any Engine API",
        &rules::uses(all, &place, &others),
    );
}

#[test]
fn the_small_binaries_are_small() {
    let place = ["src/bin/skiff-runtime/", "src/bin/skiff-shim.rs"];
    let heavy = ["tokio", "hyper", "axum", "ureq", "rustls"];
    let wrong = rules::uses(
        rust(),
        &place,
        &[&heavy[..], &["engine", "images"]].concat(),
    );
    none(
        "skiff-runtime and skiff-shim use neither engine nor images",
        &wrong,
    );
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    let lock = std::fs::read_to_string(lock).expect("a lock file");
    for package in ["ch09", "ch10"] {
        let linked = arrows::linked(&lock, package);
        assert!(
            linked.contains("ch01"),
            "{package} starts processes: {linked:?}"
        );
        let wrong: Vec<_> = heavy
            .iter()
            .filter(|name| linked.contains(**name))
            .collect();
        assert!(wrong.is_empty(), "{package} is linked with {wrong:?}");
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let all = rust();
    none("files of more than 300 lines", &lengths::files(all));
    none("functions of more than 60 lines", &lengths::functions(all));
    none(
        "files without a module doc",
        &rules::without_module_doc(all),
    );
    none("stubs, ignored tests, drawers", &rules::untidy(all));
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    let ends = [
        ".rs", ".toml", ".md", ".json", ".sh", "justfile", "run", ".console", ".svg",
    ];
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = std::env::var("HOME").unwrap_or_default();
    // A place that is named by one word (/src, /root) says nothing about a machine.
    let here: Vec<String> = [checkout.display().to_string(), home]
        .into_iter()
        .filter(|place| place.matches('/').count() > 1)
        .collect();
    none("machine paths", &rules::places(&files(&ends), &here));
}

#[test]
fn the_top_folder_is_the_map() {
    const MAP: [&str; 8] = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "book",
        "chapters",
        "justfile",
        "src",
    ];
    let strays: Vec<_> = top_names()
        .into_iter()
        .filter(|name| !MAP.contains(&name.as_str()) && name != "tests")
        .collect();
    none("at the top stands what the map names", &strays);
}
