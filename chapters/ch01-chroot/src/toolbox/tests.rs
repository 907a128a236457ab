//! Hosts of other kinds, made of files that are just enough.

mod layouts;
mod tiny;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;
use tiny::Tiny;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// A host whose files are made one by one.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, path: &str, bytes: &[u8], mode: u32) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn elf(&self, path: &str, tiny: &Tiny<'_>) -> &Self {
        self.put(path, &tiny.bytes(), 0o755)
    }

    fn link(&self, path: &str, to: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
        self
    }

    fn collect(&self) -> Result<Toolbox> {
        let folders = ["/usr/bin", "/bin", "/opt/bin"].map(PathBuf::from);
        collect(self.0.path(), &folders)
    }

    /// The toolbox as text: `path`, or `path -> link`.
    fn names(&self) -> Vec<String> {
        let entries = self.collect().unwrap().entries;
        let told = entries.iter().map(|entry| match &entry.kind {
            Kind::Link { to } => format!("{} -> {}", entry.path.display(), to.display()),
            _ => entry.path.display().to_string(),
        });
        told.collect()
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|other| other == name)
}

fn glibc() -> Tiny<'static> {
    Tiny {
        loader: Some(LOADER),
        needed: &["libc.so.6"],
        ..Tiny::default()
    }
}

/// The C library and its loader where distributions without merged folders have them.
fn with_glibc(fixture: &Fixture) -> &Fixture {
    fixture
        .elf("lib/x86_64-linux-gnu/libc.so.6", &Tiny::default())
        .elf("lib/x86_64-linux-gnu/ld-2.31.so", &Tiny::default())
        .link(
            "lib64/ld-linux-x86-64.so.2",
            "/lib/x86_64-linux-gnu/ld-2.31.so",
        )
}

#[test]
fn a_static_busybox_alone_is_a_toolbox() {
    let fixture = Fixture::new();
    let mut busybox = Tiny::default().bytes();
    busybox.extend(b"\0[\0ls\0sh\0wget\0unwanted\0");
    fixture.put("bin/busybox", &busybox, 0o755);
    let names = fixture.names();
    for name in ["bin/busybox", "bin/sh -> busybox", "bin/ls -> busybox"] {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
    assert!(has(&names, "bin/wget -> busybox"));
    assert!(
        !names
            .iter()
            .any(|name| name.contains("unwanted") || name.contains("stat"))
    );
}

#[test]
fn busybox_gives_only_what_is_missing() {
    let fixture = Fixture::new();
    let mut busybox = Tiny::default().bytes();
    busybox.extend(b"\0sh\0ls\0cat\0");
    fixture
        .put("bin/busybox", &busybox, 0o755)
        .elf("bin/sh", &Tiny::default());
    fixture.link("bin/cat", "busybox");
    let names = fixture.names();
    assert!(has(&names, "bin/sh"));
    assert!(has(&names, "bin/ls -> busybox"));
    assert!(has(&names, "bin/cat -> busybox"));
}

#[test]
fn a_program_of_many_names_is_copied_once_and_its_links_are_kept() {
    let fixture = Fixture::new();
    with_glibc(&fixture)
        .elf("usr/bin/coreutils", &glibc())
        .elf("bin/sh", &glibc());
    fixture
        .link("usr/bin/ls", "coreutils")
        .link("usr/bin/cat", "/usr/bin/coreutils");
    fixture.put(
        "usr/bin/id",
        b"#!/usr/bin/coreutils --coreutils-prog-shebang=id\n",
        0o755,
    );
    let names = fixture.names();
    let expected = [
        "usr/bin/coreutils",
        "usr/bin/ls -> coreutils",
        "usr/bin/cat -> /usr/bin/coreutils",
        "usr/bin/id",
    ];
    for name in expected {
        assert!(has(&names, name), "{name} is not in {names:?}");
    }
}

#[test]
fn what_lacks_a_part_is_left_out_but_a_shell_is_an_error() {
    let fixture = Fixture::new();
    with_glibc(&fixture).elf("bin/sh", &glibc());
    fixture.elf(
        "bin/ps",
        &Tiny {
            needed: &["libgone.so"],
            ..glibc()
        },
    );
    fixture.put("bin/egrep", b"#!/bin/sh\nexec grep -E \"$@\"\n", 0o755);
    fixture.put("bin/nohup", b"#!/usr/bin/perl\n", 0o755);
    fixture.put("bin/ls", b"neither ELF nor script", 0o755);
    fixture.put("bin/cat", &Tiny::default().bytes(), 0o644);
    fixture.link("bin/cp", "cp");
    let names = fixture.names();
    assert!(has(&names, "bin/egrep"));
    for name in ["bin/ps", "bin/nohup", "bin/ls", "bin/cat", "bin/cp"] {
        assert!(!has(&names, name), "{name} is in");
    }
    let told = |fixture: &Fixture| format!("{:#}", fixture.collect().unwrap_err());
    assert!(told(&Fixture::new()).contains("sh is not on PATH"));
    let broken = Fixture::new();
    broken.elf("bin/sh", &glibc());
    assert!(told(&broken).contains("shell sh"), "{}", told(&broken));
    assert!(told(&broken).contains(LOADER));
}

#[test]
fn nothing_is_setuid_and_the_folders_are_as_usual() {
    let fixture = Fixture::new();
    fixture.elf("bin/sh", &Tiny::default()).put(
        "bin/su",
        &Tiny::default().bytes(),
        0o6755,
    );
    let toolbox = fixture.collect().unwrap();
    let kind = |path: &str| {
        let found = toolbox
            .entries
            .iter()
            .find(|entry| entry.path == Path::new(path));
        found.map(|entry| &entry.kind)
    };
    assert!(matches!(
        kind("bin/su"),
        Some(Kind::File { mode: 0o755, .. })
    ));
    assert_eq!(kind("tmp"), Some(&Kind::Dir { mode: 0o1777 }));
    for folder in ["proc", "sys", "dev", "root", "etc"] {
        assert!(matches!(kind(folder), Some(Kind::Dir { .. })), "{folder}");
    }
    let mut sorted = toolbox.entries.clone();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    assert_eq!(
        sorted, toolbox.entries,
        "a folder comes before what it holds"
    );
}

#[test]
fn a_fingerprint_tells_when_the_host_changed() {
    let fixture = Fixture::new();
    fixture
        .elf("bin/sh", &Tiny::default())
        .elf("bin/ls", &Tiny::default());
    let fingerprint = fixture.collect().unwrap().fingerprint();
    assert!(is_current(&fingerprint));
    assert!(!is_current(""));
    assert!(!is_current("toolbox 0\n"));
    let mut longer = Tiny::default().bytes();
    longer.push(0);
    fixture.put("bin/ls", &longer, 0o755);
    assert!(!is_current(&fingerprint));
    let fingerprint = fixture.collect().unwrap().fingerprint();
    fixture.elf("bin/cat", &Tiny::default());
    assert!(!is_current(&fingerprint), "a new program was not noticed");
}

#[test]
fn this_machines_own_toolbox_runs_nothing_that_is_missing() {
    if !support::needs(&[support::Need::Tool("sh")]) {
        return;
    }
    let toolbox = of_host().unwrap();
    let out = tempfile::tempdir().unwrap();
    write(&toolbox, out.path()).unwrap();
    for entry in &toolbox.entries {
        let Kind::Link { .. } = &entry.kind else {
            continue;
        };
        let walk = host::Host::new(out.path()).walk(&Path::new("/").join(&entry.path));
        assert!(walk.is_some(), "{} leads nowhere", entry.path.display());
    }
}
