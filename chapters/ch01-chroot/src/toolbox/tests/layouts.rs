//! Where distributions keep their programs and libraries, and where they are found.

use super::*;

#[test]
fn a_host_with_separate_folders_keeps_them() {
    let fixture = Fixture::new();
    with_glibc(&fixture)
        .elf("bin/dash", &glibc())
        .link("bin/sh", "dash");
    fixture.elf("usr/bin/env", &glibc());
    let names = fixture.names();
    let expected = [
        "bin",
        "bin/dash",
        "bin/sh -> dash",
        "usr/bin/env",
        "lib/x86_64-linux-gnu/libc.so.6",
        "lib/x86_64-linux-gnu/ld-2.31.so",
        "lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-2.31.so",
    ];
    for name in expected {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
}

#[test]
fn merged_folders_and_alternatives_stay_links() {
    let fixture = Fixture::new();
    fixture
        .link("bin", "usr/bin")
        .link("lib", "usr/lib")
        .link("lib64", "usr/lib64");
    fixture
        .elf("usr/lib/x86_64-linux-gnu/libc.so.6", &Tiny::default())
        .elf("usr/lib64/ld-linux-x86-64.so.2", &Tiny::default())
        .elf("usr/bin/dash", &glibc())
        .link("usr/bin/sh", "dash")
        .elf("usr/bin/mawk", &glibc())
        .link("usr/bin/awk", "/etc/alternatives/awk")
        .link("etc/alternatives/awk", "/usr/bin/mawk");
    let names = fixture.names();
    let expected = [
        "bin -> usr/bin",
        "lib64 -> usr/lib64",
        "usr/bin/sh -> dash",
        "usr/bin/awk -> /etc/alternatives/awk",
        "etc/alternatives/awk -> /usr/bin/mawk",
        "usr/bin/mawk",
        "usr/lib64/ld-linux-x86-64.so.2",
    ];
    for name in expected {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
    // What lies behind a link must not be entered through it as well.
    assert!(!names.iter().any(|name| name.starts_with("bin/")));
    let out = tempfile::tempdir().unwrap();
    write(&fixture.collect().unwrap(), out.path()).unwrap();
    assert!(out.path().join("bin/sh").exists());
}

#[test]
fn musl_has_its_own_loader_and_its_own_path_file() {
    let fixture = Fixture::new();
    let musl = Tiny {
        loader: Some("/lib/ld-musl-x86_64.so.1"),
        needed: &["libc.musl-x86_64.so.1", "libskiff.so.1"],
        ..Tiny::default()
    };
    fixture
        .elf("lib/ld-musl-x86_64.so.1", &Tiny::default())
        .put("etc/ld-musl-x86_64.path", b"/lib:/opt/lib\n", 0o644)
        .elf("opt/lib/libskiff.so.1", &Tiny::default())
        .elf("bin/sh", &musl);
    let names = fixture.names();
    for name in [
        "lib/ld-musl-x86_64.so.1",
        "opt/lib/libskiff.so.1",
        "etc/ld-musl-x86_64.path",
    ] {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
}

#[test]
fn libraries_are_found_by_every_rule() {
    let fixture = Fixture::new();
    let wants = |needed| Tiny {
        loader: Some(LOADER),
        needed,
        ..Tiny::default()
    };
    let other_machine = Tiny {
        machine: 183,
        ..Tiny::default()
    };
    with_glibc(&fixture)
        .elf("bin/sh", &glibc())
        .put(
            "etc/ld.so.conf",
            b"# comment\ninclude /etc/ld.so.conf.d/*.conf\n",
            0o644,
        )
        .put("etc/ld.so.conf.d/extra.conf", b"/opt/extra\n", 0o644)
        .elf("usr/bin/stat", &wants(&["libextra.so"]))
        .elf("opt/extra/libextra.so", &other_machine)
        .elf("usr/lib/libextra.so", &Tiny::default())
        .elf(
            "usr/bin/ip",
            &Tiny {
                runpath: "$ORIGIN/../private",
                ..wants(&["libown.so"])
            },
        )
        .elf(
            "usr/private/libown.so",
            &Tiny {
                rpath: "/usr/deep",
                needed: &["libdeep.so"],
                ..Tiny::default()
            },
        )
        .elf("usr/deep/libdeep.so", &Tiny::default());
    let names = fixture.names();
    for name in [
        "usr/private/libown.so",
        "usr/deep/libdeep.so",
        "usr/lib/libextra.so",
    ] {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
    assert!(
        !has(&names, "opt/extra/libextra.so"),
        "it is for another machine"
    );
}

#[test]
fn programs_in_unusual_folders_get_a_usual_name() {
    let fixture = Fixture::new();
    fixture
        .elf("opt/bin/sh", &Tiny::default())
        .elf("opt/bin/ls", &Tiny::default());
    let names = fixture.names();
    for name in [
        "opt/bin/ls",
        "usr/bin/ls -> /opt/bin/ls",
        "bin/sh -> /opt/bin/sh",
    ] {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
}
