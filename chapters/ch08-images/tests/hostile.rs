//! Hostile archives: whatever an image holds, it stays within its own folder.
//!
//! Each is pulled from a registry, as a user would, with a canary folder beside the
//! store that must stay as it is, to the last byte, link count and time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod evil;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
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

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
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

#[test]
fn i16_broken_archives_are_errors_not_panics() {
    let whole = Archive::new().file("a", &"x".repeat(5000)).end();
    let mut sum = whole.clone();
    sum[148] ^= 1;
    let mut negative = header(EntryType::Regular, "a", 0);
    negative.as_old_mut().size = [0xff; 12];
    negative.set_cksum();
    let mut long = header(EntryType::XHeader, "pax", 2 << 30);
    long.set_cksum();
    let mut unknown = header(EntryType::new(b'Z'), "a", 0);
    unknown.set_cksum();
    let deep = "d/".repeat(5000) + "x";
    let name = "n".repeat(64 << 10);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut in its data", whole[..2000].to_vec()),
        ("cut in its header", whole[..100].to_vec()),
        ("checksum", sum),
        ("negative size", Archive::new().raw(&negative, b"").end()),
        ("pax of 2 GiB", Archive::new().raw(&long, b"").end()),
        ("unknown kind", Archive::new().raw(&unknown, b"").end()),
        (
            "5000 deep",
            Archive::new()
                .pax(&[("path", deep.as_bytes())])
                .file("x", "")
                .end(),
        ),
        (
            "64 KiB name",
            Archive::new()
                .pax(&[("path", name.as_bytes())])
                .file("x", "")
                .end(),
        ),
        (
            "NUL in a name",
            Archive::new().pax(&[("path", b"a\0b")]).file("x", "").end(),
        ),
        ("owner -1", {
            let records: &[(&str, &[u8])] = &[("uid", b"4294967295")];
            Archive::new().pax(records).file("x", "").end()
        }),
        (
            "device 0:0",
            Archive::new().entry(EntryType::Char, "x", "", b"").end(),
        ),
        (
            "below a file",
            Archive::new().file("a", "").file("a/b", "").end(),
        ),
        ("text", b"this is not an archive at all".repeat(100)),
    ];
    for (what, layer) in cases {
        let told = refused(&[layer]);
        assert!(!told.contains("panicked"), "{what}: {told}");
    }
}

#[test]
fn i16_odd_but_whole_archives_are_taken() {
    let ground = Ground::new();
    let without_end = Archive::new().file("a", "one").0;
    let two = [
        Archive::new().file("a", "one").end(),
        Archive::new().file("b", "two").end(),
    ];
    let mut old = tar::Header::new_old();
    old.as_old_mut().name[..4].copy_from_slice(b"old/");
    old.set_mode(0o755);
    old.set_cksum();
    let v7 = Archive::new().raw(&old, b"").end();
    let records: &[(&str, &[u8])] = &[("comment", b"git's"), ("mtime", b"-1.25")];
    let pax = Archive::new().pax(records).file("a", "one").end();
    let blocks = [Archive::new().end(), vec![0; 20 * 512]].concat();
    for (what, layer) in [
        ("without an end", without_end),
        ("two archives", two.concat()),
        ("of 1979", v7),
        ("with a comment", pax),
        ("empty", blocks),
        ("nothing at all", Vec::new()),
    ] {
        let name = Wares::new(&[layer]).serve().name("x");
        assert!(ground.pull(&name).is_ok(), "an archive {what}");
    }
}

#[test]
fn i15_a_bomb_stops_at_the_end_of_the_disk() {
    // A sparse file that claims eight exabytes, and one that is all holes but fits.
    let sparse = |size: &str| {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"holes"),
            ("GNU.sparse.realsize", size.as_bytes()),
        ];
        let mut data = b"1\n4096\n3\n".to_vec();
        data.resize(512, 0);
        data.extend(b"abc");
        let mut header = header(EntryType::Regular, "x", data.len() as u64);
        header.set_cksum();
        Archive::new().pax(records).raw(&header, &data).end()
    };
    let told = refused(&[sparse("9223372036854775807")]);
    assert!(told.contains("\"holes\""), "{told}");
    let ground = Ground::new();
    let root = &unpack(&ground, &[sparse("1048576")])[0];
    let bytes = fs::read(root.join("holes")).unwrap();
    assert_eq!(bytes.len(), 1 << 20);
    assert_eq!(&bytes[4095..4100], b"\0abc\0");
    assert!(
        fs::metadata(root.join("holes")).unwrap().blocks() < 64,
        "no holes were made"
    );
}

#[test]
fn i18_attributes_of_overlayfs_do_not_come_out_of_an_image() {
    let ground = Ground::new();
    let records: &[(&str, &[u8])] = &[
        ("SCHILY.xattr.user.mine", b"a=b\nc"),
        ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
        ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
        ("SCHILY.xattr.user.overlay.opaque", b"y"),
        ("SCHILY.xattr.system.nfs4_acl", b"x"),
    ];
    let layer = Archive::new().pax(records).dir("folder/").end();
    let root = &unpack(&ground, &[layer])[0];
    let names = overlay::xattr::list(&root.join("folder")).unwrap();
    let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap()).collect();
    // A file system without attributes has none to show.
    assert!(names.is_empty() || names == ["user.mine"], "{names:?}");
}

#[test]
fn i18_devices_are_made_by_root_and_setuid_follows_its_owner() {
    if !needs(&[Need::Root]) {
        return;
    }
    let ground = Ground::new();
    let mut disk = header(EntryType::Block, "disk", 0);
    disk.set_device_major(254).unwrap();
    disk.set_device_minor(1).unwrap();
    disk.set_cksum();
    let mut su = header(EntryType::Regular, "su", 0);
    su.set_mode(0o6755);
    su.set_uid(33);
    su.set_gid(33);
    su.set_cksum();
    let layer = Archive::new().raw(&disk, b"").raw(&su, b"").end();
    let root = &unpack(&ground, &[layer])[0];
    let disk = fs::symlink_metadata(root.join("disk")).unwrap();
    assert!(disk.file_type().is_block_device());
    assert_eq!(
        (disk.rdev(), disk.mode() & 0o777),
        (nix::libc::makedev(254, 1), 0o644)
    );
    let su = fs::metadata(root.join("su")).unwrap();
    assert_eq!((su.uid(), su.gid(), su.mode() & 0o7777), (33, 33, 0o6755));
}

#[test]
fn modes_do_not_depend_on_the_umask_and_the_store_is_not_everybodys() {
    let ground = Ground::new();
    let mut open = header(EntryType::Directory, "tmp/", 0);
    open.set_mode(0o1777);
    open.set_cksum();
    let root = &unpack(&ground, &[Archive::new().raw(&open, b"").end()])[0];
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&root.join("tmp")), 0o1777);
    let data = ground.folder.path().join("data");
    assert_eq!(mode(&data) & 0o007, 0o001);
    assert_eq!(mode(&data.join("layers")) & 0o077, 0);
    assert!(exists(&data.join("images.json")));
}

#[test]
fn every_compression_is_told_by_the_bytes() {
    use std::io::Write;
    let tar = Archive::new().file("a", &"text ".repeat(50_000)).end();
    let (one, two) = tar.split_at(tar.len() / 2);
    let gzip = |bytes: &[u8]| {
        let level = flate2::Compression::fast();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = ruzstd::encoding::compress_to_vec(
        tar.as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    // Some tools write gzip in several members.
    for blob in [
        tar.clone(),
        gzip(&tar),
        [gzip(one), gzip(two)].concat(),
        zstd,
    ] {
        let ground = Ground::new();
        let image = Wares::with_blobs(&[(tar.clone(), blob)]).serve();
        let image = ground.pull(&image.name("x")).unwrap();
        let root = &ground.store.stack(&image).unwrap()[0];
        assert_eq!(fs::read(root.join("a")).unwrap().len(), 250_000);
    }
}
