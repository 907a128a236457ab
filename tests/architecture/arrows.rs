//! Which chapter may use which: the map of the house as a table.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, has_root, has_word};

/// A chapter's library and the libraries of chapters that it may use.
pub(crate) struct Room {
    pub(crate) package: &'static str,
    pub(crate) library: &'static str,
    /// What the library uses, by words: all that an engine is linked from.
    pub(crate) uses: &'static str,
}

const fn room(package: &'static str, library: &'static str, uses: &'static str) -> Room {
    Room {
        package,
        library,
        uses,
    }
}

/// The arrows. A bench (`main.rs`) may use every chapter before its own; a library only
/// these. An arrow that nothing uses any more is refused too.
// ANCHOR: ROOMS
pub(crate) const ROOMS: &[Room] = &[
    room("ch00", "workbench", ""),
    room("ch01", "chroot", "workbench"),
    room("ch02", "namespaces", "workbench chroot"),
    room("ch03", "mounts", "workbench"),
    room("ch04", "privileges", "workbench"),
    room("ch05", "network", "workbench"),
    room("ch06", "cgroups", "workbench"),
    room("ch07", "overlay", "workbench"),
    room("ch08", "images", "workbench chroot overlay"),
    room(
        "ch09",
        "runtime",
        "workbench chroot namespaces mounts privileges network cgroups",
    ),
    room(
        "ch10",
        "shim",
        "workbench chroot mounts cgroups overlay runtime",
    ),
    room(
        "ch11",
        "engine",
        "workbench mounts privileges network cgroups overlay images shim",
    ),
];
// ANCHOR_END: ROOMS

/// Complaints about a manifest: dependencies on chapters that do not come before.
pub(crate) fn manifest_arrows(manifest: &Source) -> Vec<String> {
    let table: toml::Table = manifest.text.parse().expect("a manifest");
    let name = table["package"]["name"].as_str().expect("a name");
    let Some(mine) = ROOMS.iter().position(|room| room.package == name) else {
        return Vec::new();
    };
    let dependencies = table.get("dependencies").and_then(|d| d.as_table());
    let names = dependencies.into_iter().flatten().map(|(name, _)| name);
    names
        .filter_map(|name| {
            let place = ROOMS.iter().position(|room| room.library == name)?;
            (place >= mine).then(|| format!("{}: {name} comes after it", manifest.path))
        })
        .collect()
}

/// Complaints about a chapter's library: chapters that it names and may not use, and
/// arrows of the table that it no longer has.
pub(crate) fn library_arrows(room: &Room, sources: &[&Source]) -> Vec<String> {
    let mut used = BTreeMap::new();
    for other in ROOMS.iter().filter(|other| other.library != room.library) {
        for source in sources {
            let lines = named(source, other.library);
            if !lines.is_empty() {
                used.entry(other.library).or_insert(lines);
            }
        }
    }
    let allowed: BTreeSet<_> = room.uses.split_whitespace().collect();
    let forbidden = used.iter().filter(|(name, _)| !allowed.contains(*name));
    let forbidden = forbidden.map(|(name, lines)| {
        format!("{} may not use {name}: {}", room.library, lines.join("; "))
    });
    let unused = allowed.iter().filter(|name| !used.contains_key(*name));
    let unused = unused
        .map(|name| format!("the table lets {} use {name}: it does not", room.library));
    forbidden.chain(unused).collect()
}

/// Lines of `source` where the library `name` is the root of a path.
fn named(source: &Source, name: &str) -> Vec<String> {
    let own_module = format!("mod {name};");
    if has_word(source.product(), &own_module) {
        return Vec::new();
    }
    let lines = source.product().lines().enumerate();
    lines
        .filter(|(_, line)| has_root(line, name))
        .map(|(n, line)| format!("{}:{}: {}", source.path, n + 1, line.trim()))
        .collect()
}

/// All packages that `package` is linked from by `Cargo.lock`, tests' ones included.
pub(crate) fn linked(lock: &str, package: &str) -> BTreeSet<String> {
    let lock: toml::Table = lock.parse().expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    let mut found = BTreeSet::new();
    let mut next = vec![package.to_owned()];
    while let Some(name) = next.pop() {
        let same = packages
            .iter()
            .filter(|p| p["name"].as_str() == Some(&name));
        let needed = same
            .filter_map(|p| p.get("dependencies")?.as_array())
            .flatten();
        let needed: Vec<String> = needed
            .filter_map(|d| Some(d.as_str()?.split(' ').next()?.to_owned()))
            .collect();
        if found.insert(name) {
            next.extend(needed);
        }
    }
    found
}

#[test]
fn an_arrow_that_points_up_is_found() {
    let manifest = |name: &str| {
        let text = format!(
            "[package]\nname = \"ch09\"\n[dependencies]\n{name}.workspace = true\n"
        );
        Source::new("chapters/ch09-runtime/Cargo.toml", &text)
    };
    assert_eq!(manifest_arrows(&manifest("mounts")), [""; 0]);
    assert_eq!(manifest_arrows(&manifest("shim")).len(), 1);
}

#[test]
fn a_use_that_is_not_in_the_table_is_found() {
    let room = room("ch10", "shim", "workbench runtime");
    let lines = "use workbench::steps;\nuse runtime::Create;\n";
    let complaints = |more: &str| {
        let source =
            Source::new("chapters/ch10-shim/src/lib.rs", &format!("{lines}{more}"));
        library_arrows(&room, &[&source])
    };
    assert_eq!(
        complaints("// images::pull\nuse crate::network::x;\nmod cgroups;"),
        [""; 0]
    );
    assert_eq!(complaints("use images::Store;").len(), 1);
    assert_eq!(complaints("fn f() { network::attach() }").len(), 1);
    assert_eq!(complaints("use images;").len(), 1);
    let none = Source::new("lib.rs", "use workbench::steps;");
    assert!(library_arrows(&room, &[&none])[0].contains("lets shim use runtime"));
}

#[test]
fn the_lock_file_tells_what_is_linked() {
    let lock = "[[package]]\nname = \"a\"\ndependencies = [\"b 1.0\"]\n\
                [[package]]\nname = \"b\"\ndependencies = [\"c\"]\n[[package]]\nname = \"c\"\n\
                [[package]]\nname = \"d\"\n";
    let names: Vec<_> = linked(lock, "a").into_iter().collect();
    assert_eq!(names, ["a", "b", "c"]);
}
