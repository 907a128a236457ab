//! Odd archives: broken, enormous, ancient, or with attributes that are not theirs to set.
//!
//! Each is pulled from a registry, as a user would.

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
    assert!(data.join("images.json").exists());
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
