//! What the book prints of the chapters' needs, made from `needs.toml`.

use std::fs;
use std::path::Path;

use support::generated;
use workbench::doctor::{self, PROBES, Probe};

fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn each_chapter_says_what_it_needs() {
    for chapter in doctor::load(top()).unwrap() {
        let name = format!("needs-{}.md", chapter.package);
        generated(&name, &doctor::paragraph(&chapter));
    }
}

#[test]
fn the_tables_of_the_page_on_compatibility() {
    generated("needs.md", &doctor::matrix(&doctor::load(top()).unwrap()));
    generated("remedies.md", &doctor::remedies(verified));
}

#[test]
fn a_probe_that_nobody_needs_is_idle() {
    let chapters = doctor::load(top()).unwrap();
    let needed = |probe: &&Probe| {
        let mut needs = chapters.iter().flat_map(|chapter| &chapter.needs);
        needs.any(|need| need.probe == probe.name)
    };
    let idle: Vec<_> = PROBES
        .iter()
        .filter(|p| !needed(p))
        .map(|p| p.name)
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// By which tests a need is known to be met, or known to be told when it is not.
///
/// What the tests of every change must not skip stands in `.ci/run`.
fn verified(probe: &Probe) -> String {
    let name = match probe.name {
        // Without filters the tests of chapter 4 would fail, not skip.
        "user-namespace" | "namespaces" | "tmpfs" | "seccomp" => "userns",
        "network-namespace" => "net-ns",
        "overlay" => "overlay",
        "root" => "root",
        "cgroups" => "cgroup-hybrid",
        "network" => return "without it, with every change".to_owned(),
        "shell" | "temporary" | "checkout" | "target" | "mdbook" => {
            return lack_is_provoked(probe);
        }
        _ => return "not verified".to_owned(),
    };
    let script = fs::read_to_string(top().join(".ci/run")).expect("what CI runs");
    let lists = script.lines().filter(|line| line.contains("list="));
    let asks = |line: &&str| {
        let (_, list) = line.split_once("list=").unwrap_or_default();
        list.split(',').any(|word| word.trim() == name)
    };
    match lists.filter(asks).count() {
        0 => "not verified".to_owned(),
        _ => format!("with every change (`{name}`)"),
    }
}

/// The doctor's own tests take away what can be taken away.
fn lack_is_provoked(probe: &Probe) -> String {
    let tests = include_str!("doctor.rs");
    let named = tests.contains(&format!("\"{}\"", probe.name));
    assert!(named, "no test takes away {}", probe.name);
    "with it and without it, with every change".to_owned()
}
