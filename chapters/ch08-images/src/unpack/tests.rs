//! Random archives: whatever they hold, nothing appears beside their folder.

use std::fs;

use proptest::prelude::*;

use super::unpack;
use crate::archive::Archive;

/// Entries of names and targets that like to lead out, and to collide.
fn entries() -> impl Strategy<Value = Vec<(u8, String, String)>> {
    let part = prop_oneof![
        Just(".."),
        Just("."),
        Just("a"),
        Just("b"),
        Just(""),
        Just("/")
    ];
    let path = || {
        proptest::collection::vec(part.clone(), 1..5).prop_map(|parts| parts.join("/"))
    };
    proptest::collection::vec((0u8..4, path(), path()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn nothing_appears_outside(entries in entries()) {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("deep/root");
        fs::create_dir_all(&root).unwrap();
        let archive = entries.iter().fold(Archive::new(), |archive, (kind, name, to)| {
            match kind {
                0 => archive.file(name, "x"),
                1 => archive.dir(name),
                2 => archive.symlink(name, to),
                _ => archive.hardlink(name, to),
            }
        });
        // Most are refused somewhere on the way; what came before was written.
        let _ = unpack(archive.end().as_slice(), &root, u64::MAX);
        let names = |folder: &std::path::Path| fs::read_dir(folder).unwrap().count();
        prop_assert_eq!(names(outside.path()), 1);
        prop_assert_eq!(names(&outside.path().join("deep")), 1);
        prop_assert!(root.is_dir());
    }
}

#[test]
fn a_layer_stops_at_its_quota() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::new()
        .file("a", &"x".repeat(1000))
        .file("b", "1234")
        .end();
    let within = unpack(archive.as_slice(), folder.path(), 1004);
    assert_eq!(within.unwrap().0.size, 1004);
    let folder = tempfile::tempdir().unwrap();
    let error = unpack(archive.as_slice(), folder.path(), 1003)
        .err()
        .unwrap();
    assert!(format!("{error:#}").contains("entry \"b\""), "{error:#}");
}
