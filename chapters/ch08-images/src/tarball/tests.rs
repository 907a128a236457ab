//! The formats that archives come in.

use proptest::prelude::*;
use tar::EntryType;

use super::*;
use crate::archive::{Archive, header};

/// All members with their data.
fn read(archive: &[u8]) -> Result<Vec<(Member, Vec<u8>)>> {
    let mut tarball = Tarball::new(archive);
    let mut members = Vec::new();
    while let Some(member) = tarball.next()? {
        let mut data = Vec::new();
        tarball.read_to_end(&mut data)?;
        members.push((member, data));
    }
    Ok(members)
}

fn one(archive: Archive) -> (Member, Vec<u8>) {
    let mut members = read(&archive.end()).unwrap();
    assert_eq!(members.len(), 1);
    members.remove(0)
}

fn refused(archive: Archive) -> String {
    format!("{:#}", read(&archive.end()).unwrap_err())
}

fn piece(offset: u64, length: u64) -> Piece {
    Piece { offset, length }
}

#[test]
fn members_come_one_after_the_other_whether_read_or_not() {
    let archive = Archive::new()
        .file("a", "one")
        .dir("d/")
        .file("b", &"x".repeat(513))
        .end();
    let mut tarball = Tarball::new(archive.as_slice());
    let mut names = Vec::new();
    while let Some(member) = tarball.next().unwrap() {
        names.push((String::from_utf8(member.path).unwrap(), member.size));
    }
    let expected = [("a", 3), ("d/", 0), ("b", 513)];
    assert_eq!(names, expected.map(|(name, size)| (name.to_owned(), size)));
}

#[test]
fn gnu_says_long_names_before_the_header() {
    let (name, link) = ("n/".repeat(300), "l/".repeat(300));
    let with_nul = |text: &str| [text.as_bytes(), b"\0"].concat();
    let archive = Archive::new()
        .entry(
            EntryType::GNULongName,
            "././@LongLink",
            "",
            &with_nul(&name),
        )
        .entry(
            EntryType::GNULongLink,
            "././@LongLink",
            "",
            &with_nul(&link),
        )
        .symlink("cut off", "cut off");
    let (member, _) = one(archive);
    assert_eq!(
        (member.path, member.link),
        (name.into_bytes(), link.into_bytes())
    );
}

#[test]
fn pax_overrules_the_header_and_any_byte_may_be_in_a_value() {
    let records: &[(&str, &[u8])] = &[
        ("path", b"right"),
        ("uid", b"3000000"),
        ("mtime", b"12.000000007"),
        ("SCHILY.xattr.user.x", b"a\n5 b=c\n\0"),
    ];
    let (member, data) = one(Archive::new().pax(records).file("wrong", "data"));
    assert_eq!(member.path, b"right");
    assert_eq!(member.uid, 3_000_000);
    assert_eq!(member.modified, (12, 7));
    let expected = (b"user.x".to_vec(), b"a\n5 b=c\n\0".to_vec());
    assert_eq!(member.attributes, [expected]);
    assert_eq!(data, b"data");
}

#[test]
fn a_pax_header_counts_for_one_member_only() {
    let archive = Archive::new()
        .pax(&[("path", b"long")])
        .file("a", "")
        .file("b", "")
        .end();
    let members = read(&archive).unwrap();
    assert_eq!(
        [&members[0].0.path[..], &members[1].0.path[..]],
        [b"long", &b"b"[..]]
    );
}

#[test]
fn broken_pax_records_are_refused() {
    for data in [
        "x",
        "5",
        "99 path=a\n",
        "6 path\n",
        "0 a=b\n",
        "-1 a=b\n",
        "7 uid=x\n",
        "6 a=bc",
    ] {
        let archive = Archive::new()
            .entry(EntryType::XHeader, "pax", "", data.as_bytes())
            .file("a", "");
        assert!(read(&archive.end()).is_err(), "{data:?} was taken");
    }
}

#[test]
fn every_form_of_sparse_file_is_read() {
    let data = b"abcdef";
    let forms: [&[(&str, &[u8])]; 2] = [
        &[
            ("GNU.sparse.size", b"100"),
            ("GNU.sparse.numblocks", b"2"),
            ("GNU.sparse.offset", b"10"),
            ("GNU.sparse.numbytes", b"4"),
            ("GNU.sparse.offset", b"50"),
            ("GNU.sparse.numbytes", b"2"),
        ],
        &[
            ("GNU.sparse.size", b"100"),
            ("GNU.sparse.map", b"10,4,50,2"),
        ],
    ];
    for records in forms {
        let file = Archive::new().pax(records).file("a", "abcdef");
        let (member, read) = one(file);
        assert_eq!(member.pieces, Some(vec![piece(10, 4), piece(50, 2)]));
        assert_eq!((member.size, read.as_slice()), (100, &data[..]));
    }
    let mut old = header(EntryType::GNUSparse, "a", 6);
    {
        let gnu = old.as_gnu_mut().unwrap();
        gnu.set_real_size(100);
        gnu.set_is_extended(true);
        gnu.sparse[0].set_offset(10);
        gnu.sparse[0].set_length(4);
    }
    old.set_cksum();
    let mut more = tar::GnuExtSparseHeader::new();
    more.sparse[0].set_offset(50);
    more.sparse[0].set_length(2);
    let blocks = [&more.as_bytes()[..], data].concat();
    let (member, read) = one(Archive::new().raw(&old, &blocks));
    assert_eq!(member.pieces, Some(vec![piece(10, 4), piece(50, 2)]));
    assert_eq!((member.size, read.as_slice()), (100, &data[..]));
}

#[test]
fn maps_that_lie_are_refused() {
    for map in [
        "10,4,12,2",
        "98,6",
        "10,4",
        "10,4,50",
        "x,y",
        "18446744073709551615,6",
    ] {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.size", b"100"),
            ("GNU.sparse.map", map.as_bytes()),
        ];
        let told = refused(Archive::new().pax(records).file("a", "abcdef"));
        assert!(
            told.contains("sparse") || told.contains("beyond"),
            "{map}: {told}"
        );
    }
}

proptest! {
    #[test]
    fn damage_is_an_error_or_a_member_but_never_a_panic(
        at in proptest::collection::vec((0usize..4096, any::<u8>()), 1..8),
        length in 0usize..6000,
    ) {
        let mut archive = Archive::new()
            .pax(&[("path", b"a"), ("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,3")])
            .file("a", "abc")
            .entry(EntryType::GNULongName, "l", "", b"long\0")
            .file("b", &"x".repeat(700))
            .end();
        for (at, byte) in at {
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
        }
        archive.truncate(length);
        let _ = read(&archive);
    }
}
