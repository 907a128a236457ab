//! `Root`: whatever links a tree is full of, no path leads out of it. No privilege is
//! needed to look.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mounts::Root;
use proptest::prelude::*;
use proptest::sample::select;

fn place(fd: &impl AsRawFd) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
        .expect("an open descriptor")
}

#[test]
fn missing_folders_are_made_and_links_are_followed_inside() {
    let top = tempfile::tempdir().unwrap();
    symlink("/real", top.path().join("link")).unwrap();
    fs::create_dir(top.path().join("real")).unwrap();
    let root = Root::open(top.path()).unwrap();
    let made = root.make_dir(Path::new("/link/a/b")).unwrap();
    assert_eq!(place(&made), top.path().join("real/a/b"));
    let file = root
        .make_file(Path::new("/link/../../link/a/file"))
        .unwrap();
    assert_eq!(place(&file), top.path().join("real/a/file"));
    assert!(
        root.make_dir(Path::new("/link/a/file/x")).is_err(),
        "a file is no folder"
    );
    assert!(root.resolve(Path::new("/nothing")).is_err());
}

/// `/etc/resolv.conf` of many an image: a link to what the first boot would have made.
#[test]
fn what_a_link_to_nothing_points_at_is_made_inside() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join("etc")).unwrap();
    symlink("../run/stub.conf", top.path().join("etc/resolv.conf")).unwrap();
    symlink("/../../etc/hosts.real", top.path().join("etc/hosts")).unwrap();
    let root = Root::open(top.path()).unwrap();
    let made = |path: &str| place(&root.make_file(Path::new(path)).unwrap());
    assert_eq!(made("/etc/resolv.conf"), top.path().join("run/stub.conf"));
    assert_eq!(made("/etc/hosts"), top.path().join("etc/hosts.real"));
    symlink("loop", top.path().join("loop")).unwrap();
    assert!(root.make_file(Path::new("/loop")).is_err());
}

#[test]
fn the_links_of_procfs_are_refused() {
    let root = Root::open(Path::new("/")).unwrap();
    let error = root.resolve(Path::new("/proc/self/cwd/etc")).unwrap_err();
    assert!(format!("{error:#}").contains("symbolic links"), "{error:#}");
}

#[test]
fn reading_believes_only_so_much() {
    let top = tempfile::tempdir().unwrap();
    let root = Root::open(top.path()).unwrap();
    fs::write(top.path().join("passwd"), "root:x:0:0").unwrap();
    let read = |path, limit| root.read(Path::new(path), limit);
    assert_eq!(read("/passwd", 10).unwrap().unwrap(), b"root:x:0:0");
    assert!(read("/shadow", 10).unwrap().is_none(), "nothing there");
    assert!(root.read(Path::new("/passwd"), 9).is_err(), "too long");
    assert!(root.read(Path::new("/"), 9).is_err(), "a folder");
    let fifo = top.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert!(
        root.read(Path::new("/fifo"), 9).is_err(),
        "a FIFO, and nobody waits"
    );
}

#[derive(Clone, Debug)]
enum Entry {
    Folder,
    Link(String),
}

fn entries() -> impl Strategy<Value = Entry> {
    let targets = [
        "/",
        "..",
        "../..",
        "/b",
        "c/a",
        "../a/../../b",
        "/CANARY",
        "../CANARY",
        "nil",
    ];
    prop_oneof![
        Just(Entry::Folder),
        select(targets.map(str::to_owned).to_vec()).prop_map(Entry::Link),
    ]
}

fn paths() -> impl Strategy<Value = PathBuf> {
    proptest::collection::vec(
        select(vec!["a", "b", "c", "..", ".", "new", "CANARY"]),
        1..7,
    )
    .prop_map(|parts| Path::new("/").join(parts.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_path_leads_out(
        tree in proptest::collection::vec((paths(), entries()), 0..10),
        wanted in proptest::collection::vec(paths(), 1..4),
    ) {
        let world = tempfile::tempdir().unwrap();
        let (top, canary) = (world.path().join("top"), world.path().join("CANARY"));
        fs::create_dir(&top).unwrap();
        fs::create_dir(&canary).unwrap();
        for (path, entry) in tree {
            // Only names: the tree itself is made without leaving it.
            let names: Vec<&str> = path.to_str().unwrap().split('/')
                .filter(|part| !matches!(*part, "" | "." | "..")).collect();
            let [folders @ .., name] = names.as_slice() else { continue };
            let mut at = top.clone();
            for folder in folders {
                at.push(folder);
                if fs::symlink_metadata(&at).is_ok_and(|found| !found.is_dir()) {
                    at.pop();
                }
                let _ = fs::create_dir(&at);
            }
            let _ = match entry {
                Entry::Folder => fs::create_dir(at.join(name)),
                Entry::Link(to) => {
                    let to = to.replace("/CANARY", canary.to_str().unwrap());
                    symlink(to, at.join(name))
                }
            };
        }
        let root = Root::open(&top).unwrap();
        for path in wanted {
            let found = [root.make_dir(&path), root.resolve(&path), root.make_file(&path)];
            for fd in found.into_iter().flatten() {
                prop_assert!(place(&fd).starts_with(&top), "{path:?} is {:?}", place(&fd));
            }
        }
        prop_assert_eq!(fs::read_dir(&canary).unwrap().count(), 0);
        prop_assert_eq!(fs::read_dir(world.path()).unwrap().count(), 2);
    }
}
