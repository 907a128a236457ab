//! The store as the engine uses it: names, ids, removal, the toolbox.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod evil;

use std::fs;
use std::os::unix::fs::MetadataExt;

use evil::archive::Archive;
use evil::{Evil, Ground, Wares};
use images::{Digest, Error, Image, Removed, Store};

fn wares(texts: &[&str]) -> Wares {
    let layer = |text: &&str| Archive::new().file(text, text).end();
    Wares::new(&texts.iter().map(layer).collect::<Vec<_>>())
}

fn kind(error: &anyhow::Error) -> &Error {
    error.downcast_ref().unwrap_or_else(|| panic!("{error:#}"))
}

#[test]
fn an_image_is_found_by_each_of_its_names_and_by_its_id() {
    let ground = Ground::new();
    let evil = wares(&["one"]).serve();
    let image = ground.pull(&evil.name("a/b:1")).unwrap();
    ground.store.tag(&image, "short").unwrap();
    ground.store.tag(&image, "other.io/x/y:2").unwrap();
    let id = image.id.to_string();
    let names = [
        evil.name("a/b:1"),
        "short".to_owned(),
        "short:latest".to_owned(),
        "docker.io/library/short".to_owned(),
        "other.io/x/y:2".to_owned(),
        image.digests[0].clone(),
        id.clone(),
        id[7..].to_owned(),
        id[7..19].to_owned(),
        id[..19].to_owned(),
    ];
    for name in names {
        let found = ground.store.resolve(&name).unwrap();
        assert_eq!(
            found.map(|image| image.id),
            Some(image.id.clone()),
            "{name}"
        );
    }
    for name in ["short:2", "short2", "y:2", "0123456789abcdef"] {
        assert!(ground.store.resolve(name).unwrap().is_none(), "{name}");
    }
    let error = ground.store.resolve("No Name").unwrap_err();
    assert!(matches!(kind(&error), Error::BadReference(_)));
    let again = Store::open(&ground.folder.path().join("data")).unwrap();
    assert_eq!(again.resolve("short").unwrap().unwrap().names.len(), 3);
}

#[test]
fn the_beginning_of_two_ids_is_a_conflict() {
    let ground = Ground::new();
    // Seventeen images cannot all have ids of different first digits.
    for number in 0..17 {
        let evil = wares(&[&format!("image-{number}")]).serve();
        ground.pull(&evil.name(&format!("x:{number}"))).unwrap();
    }
    let ids: Vec<Digest> = ground
        .store
        .list()
        .unwrap()
        .into_iter()
        .map(|i| i.id)
        .collect();
    let shared = ids.iter().find(|id| {
        ids.iter()
            .filter(|other| other.hex()[..1] == id.hex()[..1])
            .count()
            > 1
    });
    let error = ground
        .store
        .resolve(&shared.unwrap().as_str()[..8])
        .unwrap_err();
    assert!(matches!(kind(&error), Error::Conflict(_)));
}

#[test]
fn with_its_last_name_an_image_goes_but_not_what_others_share() {
    let ground = Ground::new();
    let (one, two) = (
        wares(&["base", "one"]).serve(),
        wares(&["base", "two"]).serve(),
    );
    let one = ground.pull(&one.name("x:1")).unwrap();
    let two = ground.pull(&two.name("x:2")).unwrap();
    assert_eq!(one.chain[0], two.chain[0]);
    ground.store.tag(&one, "kept").unwrap();

    let name = one.names[0].clone();
    let removed = ground.store.remove(&name, false).unwrap();
    let expected = [name, one.digests[0].clone()].map(Removed::Untagged);
    assert_eq!(
        removed, expected,
        "its repository's digest goes with the last tag"
    );
    assert!(ground.store.resolve("kept").unwrap().is_some());

    let removed = ground.store.remove("kept", false).unwrap();
    let expected = [
        Removed::Untagged("kept:latest".to_owned()),
        Removed::Deleted(one.id.clone()),
        Removed::Deleted(one.chain[1].clone()),
    ];
    assert_eq!(removed, expected);
    assert!(ground.store.resolve("kept").unwrap().is_none());
    let stack = ground.store.stack(&two).unwrap();
    assert_eq!(fs::read(stack[1].join("base")).unwrap(), b"base");

    ground.store.remove(&two.id.to_string(), false).unwrap();
    for folder in ["blobs/sha256", "layers"] {
        let left = fs::read_dir(ground.folder.path().join("data").join(folder)).unwrap();
        assert_eq!(left.count(), 0, "something is left in {folder}");
    }
    let error = ground.store.remove("kept", false).unwrap_err();
    assert!(matches!(kind(&error), Error::NoSuchImage(_)));
}

#[test]
fn an_id_with_several_names_goes_only_by_force() {
    let ground = Ground::new();
    let image = ground.pull(&wares(&["one"]).serve().name("x")).unwrap();
    ground.store.tag(&image, "other").unwrap();
    let error = ground.store.remove(image.id.short(), false).unwrap_err();
    assert!(
        format!("{error:#}").contains("(must be forced)"),
        "{error:#}"
    );
    assert_eq!(
        ground.store.remove(image.id.short(), true).unwrap().len(),
        5
    );
    assert!(ground.store.list().unwrap().is_empty());
}

#[test]
fn a_tag_that_moves_on_leaves_the_old_image_without_one() {
    let ground = Ground::new();
    let (old, new) = (wares(&["old"]), wares(&["new"]));
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let order = std::sync::atomic::Ordering::SeqCst;
    let now = std::sync::Arc::clone(&moved);
    let evil = Evil::start(move |request| match now.load(order) {
        false => old.answer(request),
        true => new.answer(request),
    });
    let old = ground.pull(&evil.name("x")).unwrap();
    moved.store(true, order);
    let new = ground.pull(&evil.name("x")).unwrap();
    assert_ne!(old.id, new.id);
    let names: Vec<(Digest, usize, usize)> = ground
        .store
        .list()
        .unwrap()
        .into_iter()
        .map(|image: Image| (image.id, image.names.len(), image.digests.len()))
        .collect();
    assert_eq!(names, [(new.id, 1, 1), (old.id, 0, 1)]);
}

#[test]
fn a_layer_whose_tree_was_lost_is_unpacked_again() {
    let ground = Ground::new();
    let image = ground.pull(&wares(&["one"]).serve().name("x")).unwrap();
    let folder = ground.store.stack(&image).unwrap().remove(0);
    let layers = ground.folder.path().join("data/layers");
    fs::remove_dir_all(&layers).unwrap();
    fs::create_dir(&layers).unwrap();
    let again = ground.store.stack(&image).unwrap().remove(0);
    assert_eq!(again, folder);
    assert_eq!(fs::read(again.join("one")).unwrap(), b"one");
    let sizes = fs::read_to_string(layers.join(image.chain[0].hex()).join("complete"));
    assert_eq!(sizes.unwrap(), r#"{"size":3}"#);
}

#[test]
fn the_toolbox_is_there_without_a_registry_and_the_same_each_time() {
    let (ground, other) = (Ground::new(), Ground::new());
    let image = ground.store.resolve("toolbox").unwrap().unwrap();
    assert_eq!(image.names, ["toolbox:latest"]);
    let config = image.config.config().clone().unwrap();
    assert_eq!(config.cmd().clone().unwrap(), ["sh"]);
    assert!(config.env().clone().unwrap()[0].starts_with("PATH=/usr/local/sbin:"));
    let root = ground.store.stack(&image).unwrap().remove(0);
    for entry in fs::read_dir(&root).unwrap() {
        let entry = entry.unwrap().metadata().unwrap();
        assert_eq!(entry.uid(), nix::unistd::geteuid().as_raw());
    }
    assert!(fs::metadata(root.join("bin/sh")).unwrap().mode() & 0o6111 == 0o111);

    let blobs = ground.folder.path().join("data/blobs/sha256");
    let time =
        |digest: &Digest| fs::metadata(blobs.join(digest.hex())).unwrap().mtime_nsec();
    let before = time(&image.parts.layers[0].digest);
    let again = ground.store.toolbox().unwrap();
    assert_eq!(again.manifest, image.manifest);
    assert_eq!(
        time(&image.parts.layers[0].digest),
        before,
        "it was packed again"
    );
    assert_eq!(other.store.toolbox().unwrap().manifest, image.manifest);

    let fingerprint = ground.folder.path().join("data/toolbox.fingerprint");
    fs::write(&fingerprint, "toolbox 1\n1 1.0 /bin/sh\n").unwrap();
    assert_eq!(ground.store.toolbox().unwrap().manifest, image.manifest);
    assert!(fs::read_to_string(&fingerprint).unwrap().lines().count() > 10);
}

#[test]
fn the_name_of_the_toolbox_is_reserved() {
    let ground = Ground::new();
    let image = ground.store.toolbox().unwrap();
    let id = image.id.to_string();
    let errors = [
        ground.store.tag(&image, "toolbox").unwrap_err(),
        ground.store.remove("toolbox:latest", true).unwrap_err(),
        ground.store.remove(&id, true).unwrap_err(),
        ground.pull("toolbox").unwrap_err(),
        ground.pull("docker.io/library/toolbox:latest").unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(kind(&error), Error::Reserved), "{error:#}");
    }
    ground.store.tag(&image, "mine").unwrap();
    assert_eq!(ground.store.remove("mine", false).unwrap().len(), 1);
}
