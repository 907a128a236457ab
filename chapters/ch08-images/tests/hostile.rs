//! Hostile archives: whatever an image holds, it stays within its own folder.
//!
//! Each is pulled from a registry, as a user would, with a canary folder beside the
//! store that must stay as it is, to the last byte, link count and time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod evil;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use evil::archive::{Archive, header};
use evil::{Ground, Wares};
use support::{Need, needs};
use tar::EntryType;

/// Pulls an image of these layers; its folders, the lowest first.
fn unpack(ground: &Ground, layers: &[Vec<u8>]) -> Vec<PathBuf> {
    let image = ground.pull(&Wares::new(layers).serve().name("x")).unwrap();
    let mut folders = ground.store.stack(&image).unwrap();
    folders.reverse();
    folders
}

/// The error that an image of these layers ends with.
fn refused(layers: &[Vec<u8>]) -> String {
    Ground::new().refused(&Wares::new(layers).serve().name("x"))
}

#[test]
fn an_image_is_unpacked_as_it_was_packed() {
    let ground = Ground::new();
    let mut odd = header(EntryType::Regular, "bin/odd", 3);
    odd.set_mode(0o4711);
    odd.set_cksum();
    let layer = Archive::new()
        .dir("bin/")
        .raw(&odd, b"odd")
        .file("bin/tool", "text")
        .hardlink("bin/twin", "bin/tool")
        .symlink("link", "bin/tool")
        .entry(EntryType::Fifo, "fifo", "", b"")
        .file("no/folder/entry", "made")
        .pax(&[("path", "päth".as_bytes()), ("mtime", b"1.5")])
        .file("short", "pax")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    let look = |path: &str| fs::symlink_metadata(root.join(path)).unwrap();
    assert_eq!(look("bin/odd").mode() & 0o7777, 0o4711);
    assert_eq!(look("bin/tool").ino(), look("bin/twin").ino());
    assert_eq!(look("bin/tool").mtime(), 1_000_000_000);
    assert_eq!(
        look("bin").mtime(),
        1_000_000_000,
        "dated before it was filled"
    );
    assert_eq!(
        fs::read_link(root.join("link")).unwrap(),
        Path::new("bin/tool")
    );
    assert!(look("fifo").file_type().is_fifo());
    assert_eq!(look("no/folder").mode() & 0o777, 0o755);
    assert_eq!(
        (look("päth").mtime(), look("päth").mtime_nsec()),
        (1, 500_000_000)
    );
    assert!(!root.join("short").exists());
}

#[test]
fn i01_a_link_of_one_layer_is_not_followed_by_another() {
    let ground = Ground::new();
    let canary = ground.canary();
    let lower = Archive::new().symlink("esc", &canary).end();
    let upper = Archive::new().file("esc/file", "evil").end();
    let folders = unpack(&ground, &[lower, upper]);
    assert!(
        fs::symlink_metadata(folders[0].join("esc"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::symlink_metadata(folders[1].join("esc"))
            .unwrap()
            .is_dir()
    );
    assert_eq!(fs::read(folders[1].join("esc/file")).unwrap(), b"evil");
}

#[test]
fn i01_a_link_within_a_layer_leads_to_a_place_within_it() {
    let ground = Ground::new();
    let canary = ground.canary();
    // The link resolves below the layer's root, where that folder is missing ...
    for target in [
        canary.as_str(),
        "../../../../../../../../../../../../tmp",
        "/proc/self/cwd",
    ] {
        let layer = Archive::new()
            .symlink("esc", target)
            .file("esc/file", "evil")
            .end();
        let told = ground.refused(&Wares::new(&[layer]).serve().name("x"));
        assert!(told.contains("\"esc/file\""), "{told}");
    }
    // ... or, in a layer that has it, is found.
    let layer = Archive::new()
        .dir("usr/lib/")
        .symlink("lib", "/../../usr/lib")
        .file("lib/file", "fine")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    assert_eq!(fs::read(root.join("usr/lib/file")).unwrap(), b"fine");
}

#[test]
fn i02_names_that_lead_out_are_refused_and_named() {
    for name in ["../../../x", "a/../../x", "./..//x", "..", "a/../b"] {
        for layer in [
            Archive::new().file(name, "evil"),
            Archive::new().dir(name),
            Archive::new()
                .pax(&[("path", name.as_bytes())])
                .file("fine", "evil"),
        ] {
            let told = refused(&[layer.end()]);
            assert!(told.contains("invalid entry name"), "{told}");
            assert!(told.contains(name), "{told}");
        }
    }
}

#[test]
fn i02_an_absolute_name_is_taken_from_the_root_of_the_layer() {
    let ground = Ground::new();
    let name = format!("{}/file", ground.canary());
    let layer = Archive::new()
        .pax(&[("path", name.as_bytes())])
        .file("x", "evil")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    assert_eq!(fs::read(root.join(&name[1..])).unwrap(), b"evil");
}

#[test]
fn i03_hard_links_lead_to_files_of_the_layer_only() {
    let ground = Ground::new();
    let canary = format!("{}/file", ground.canary());
    let escapes = [
        Archive::new().hardlink("x", "../../../../canary/file"),
        Archive::new().hardlink("x", "a/../../../../../canary/file"),
        Archive::new()
            .pax(&[("linkpath", canary.as_bytes())])
            .hardlink("x", "y"),
        Archive::new()
            .symlink("esc", &ground.canary())
            .hardlink("x", "esc/file"),
        Archive::new().hardlink("x", "nothing"),
        Archive::new().hardlink("x", ""),
        Archive::new().hardlink("x", "."),
    ];
    for archive in escapes {
        let told = ground.refused(&Wares::new(&[archive.end()]).serve().name("x"));
        assert!(told.contains("invalid hardlink target"), "{told}");
    }
    // A hard link to a link is one to the link itself.
    let layer = Archive::new()
        .symlink("esc", &canary)
        .hardlink("x", "esc")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    assert_eq!(fs::read_link(root.join("x")).unwrap(), Path::new(&canary));
}

#[test]
fn i04_whiteouts_that_cannot_be_are_refused() {
    for name in [".wh.", ".wh..", "a/.wh...", ".wh../x", "a/.wh.b/c"] {
        let told = refused(&[Archive::new().file(name, "").end()]);
        assert!(told.contains("invalid whiteout entry"), "{name}: {told}");
        assert!(told.contains(name), "{told}");
    }
    let ground = Ground::new();
    for name in ["esc/.wh.file", "esc/.wh..wh..opq"] {
        let layer = Archive::new()
            .symlink("esc", &ground.canary())
            .file(name, "")
            .end();
        let _ = ground.refused(&Wares::new(&[layer]).serve().name("x"));
    }
}

#[test]
fn i04_whiteouts_become_what_overlayfs_understands() {
    if !needs(&[Need::Root]) {
        return;
    }
    let ground = Ground::new();
    let layer = Archive::new()
        .file("a/.wh.gone", "")
        .file("empty/.wh..wh..opq", "")
        .file("new/file", "of this layer")
        .file(".wh.new", "")
        .file("a/kept", "of this layer")
        .file("a/.wh.kept", "")
        .file(".wh.again", "")
        .file("again/file", "of this layer")
        .file(".wh..wh.plnk/1.2", "aufs")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    let gone = fs::symlink_metadata(root.join("a/gone")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
    for folder in ["empty", "new", "again"] {
        assert!(overlay::whiteout::is_opaque(&root.join(folder)), "{folder}");
    }
    assert!(!overlay::whiteout::is_opaque(&root.join("a")));
    assert_eq!(fs::read(root.join("new/file")).unwrap(), b"of this layer");
    assert_eq!(fs::read(root.join("a/kept")).unwrap(), b"of this layer");
    assert_eq!(fs::read_dir(root).unwrap().count(), 4);
}

#[test]
fn what_comes_later_replaces_what_came_before() {
    let ground = Ground::new();
    let canary = ground.canary();
    let layer = Archive::new()
        .dir("a/")
        .file("a/inside", "x")
        .file("a", "a file for a folder")
        .symlink("b", &canary)
        .file("b", "a file for a link")
        .symlink("c", &canary)
        .dir("c/")
        .file("c/file", "in a folder for a link")
        .file("d", "x")
        .dir("d/")
        .file("d/file", "in a folder for a file")
        .dir("e/")
        .file("e/one", "x")
        .symlink("e", &canary)
        .end();
    let root = &unpack(&ground, &[layer])[0];
    assert_eq!(fs::read(root.join("a")).unwrap(), b"a file for a folder");
    assert_eq!(fs::read(root.join("b")).unwrap(), b"a file for a link");
    assert!(!fs::symlink_metadata(root.join("b")).unwrap().is_symlink());
    assert_eq!(
        fs::read(root.join("c/file")).unwrap(),
        b"in a folder for a link"
    );
    assert_eq!(
        fs::read(root.join("d/file")).unwrap(),
        b"in a folder for a file"
    );
    assert!(fs::symlink_metadata(root.join("e")).unwrap().is_symlink());
}

#[test]
fn a_folder_that_became_a_link_is_not_written_through() {
    // The folder was resolved before it was replaced: a kept descriptor must not be used.
    let ground = Ground::new();
    let layer = Archive::new()
        .dir("a/")
        .file("a/one", "x")
        .symlink("a", &ground.canary())
        .file("a/file", "evil")
        .end();
    let told = ground.refused(&Wares::new(&[layer]).serve().name("x"));
    assert!(told.contains("\"a/file\""), "{told}");
}

#[test]
fn a_link_that_changed_leads_to_its_new_place() {
    let ground = Ground::new();
    let layer = Archive::new()
        .dir("one/")
        .dir("two/")
        .symlink("link", "one")
        .file("link/first", "x")
        .symlink("link", "two")
        .file("link/second", "x")
        .end();
    let root = &unpack(&ground, &[layer])[0];
    assert!(root.join("one/first").exists() && root.join("two/second").exists());
}
