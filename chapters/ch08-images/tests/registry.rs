//! Pulls from a registry: what is told, what is asked for, and what ends them.

mod evil;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use evil::{Evil, Ground, INDEX, Reply, Wares, descriptor};
use images::{Error, LayerStatus, Progress};
use serde_json::json;

#[test]
fn an_honest_registry_is_told_of_in_dockers_words() {
    let ground = Ground::new();
    let wares = Wares::of_text();
    let id = wares.layer(0).0[7..19].to_owned();
    let evil = wares.serve();
    let mut lines = Vec::new();
    let mut tell = |progress: Progress| {
        if !matches!(
            progress,
            Progress::Layer {
                status: LayerStatus::Downloading,
                ..
            }
        ) {
            let (id, text) = progress.line();
            lines.push(format!("{}: {text}", id.unwrap_or("-")));
        }
    };
    let name = evil.name("some/image:1");
    let image = ground
        .store
        .pull(&name, &Ground::options(), &mut tell)
        .unwrap();
    let expected = [
        "1: Pulling from some/image".to_owned(),
        format!("{id}: Pulling fs layer"),
        format!("{id}: Verifying Checksum"),
        format!("{id}: Download complete"),
        format!("{id}: Extracting"),
        format!("{id}: Pull complete"),
        format!("-: Digest: {}", image.manifest),
        format!("-: Status: Downloaded newer image for {name}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(image.names, [name.as_str()]);
    let stack = ground.store.stack(&image).unwrap();
    let text = std::fs::read_to_string(stack[0].join("etc/hello")).unwrap();
    assert_eq!(text.len(), 100_000);
    assert_eq!(image.size, 100_000);

    lines.clear();
    let mut tell = |progress: Progress| lines.push(progress.line().1);
    ground
        .store
        .pull(&name, &Ground::options(), &mut tell)
        .unwrap();
    assert_eq!(lines[1], "Already exists");
    assert_eq!(
        *lines.last().unwrap(),
        format!("Status: Image is up to date for {name}")
    );
    assert_eq!(evil.times(&id), 1, "a layer that is here was fetched again");
}

#[test]
fn what_is_not_there_is_told_in_dockers_words() {
    let ground = Ground::new();
    let evil = Evil::start(|_| Reply::missing());
    let name = evil.name("x:1");
    let told = ground.refused(&name);
    let expected =
        format!("manifest for {name} not found: manifest unknown: manifest unknown");
    assert_eq!(told, expected);
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    let error = ground.pull(&format!("{address}/x")).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(Error::Unreachable { .. })),
        "{error:#}"
    );
    let expected = format!("registry {address} cannot be reached: connection refused");
    assert_eq!(format!("{error:#}"), expected);
}

#[test]
fn i19_an_index_without_our_platform_is_refused() {
    let wares = Wares::of_text();
    let manifest = wares.manifest_bytes();
    let platforms = |list: &[(&str, &str)]| {
        let of = |(os, architecture): &(&str, &str)| {
            let mut entry = descriptor(evil::MANIFEST, &manifest);
            entry["platform"] = json!({ "os": os, "architecture": architecture });
            entry
        };
        let manifests: Vec<_> = list.iter().map(of).collect();
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
    };
    let host = images::Platform::host().architecture;
    let others = platforms(&[
        ("windows", &host),
        ("linux", "s390x"),
        ("unknown", "unknown"),
    ]);
    let ours = platforms(&[("linux", "s390x"), ("linux", &host)]);
    let serve = move |index: serde_json::Value| {
        let wares = wares.clone();
        Evil::start(
            move |request| match request.path.ends_with("/manifests/latest") {
                true => Reply::typed(INDEX, index.to_string().as_bytes()),
                false => wares.answer(request),
            },
        )
    };
    let ground = Ground::new();
    let told = ground.refused(&serve(others).name("x"));
    assert!(told.contains("no matching manifest for linux/"), "{told}");
    assert!(told.contains("in the manifest list entries"), "{told}");
    ground.pull(&serve(ours).name("x")).unwrap();
}

#[test]
fn r11_a_layer_that_many_want_is_fetched_once() {
    let ground = Ground::new();
    let wares = Wares::of_text();
    let (digest, _) = wares.layer(0);
    let evil = wares.serve();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (ground, evil) = (&ground, &evil);
            scope.spawn(move || ground.pull(&evil.name(&format!("x:{number}"))).unwrap());
        }
    });
    assert_eq!(evil.times(&digest), 1);
    assert_eq!(ground.store.list().unwrap()[0].names.len(), 8);
}

#[test]
fn r13_a_canceled_pull_leaves_nothing_and_the_next_one_goes_well() {
    let ground = Ground::new();
    let wares = Wares::of_text();
    let (digest, _) = wares.layer(0);
    let evil = wares.serve();
    let options = Ground::options();
    let cancel = Arc::clone(&options.cancel);
    let mut tell = |_| cancel.store(true, Ordering::SeqCst);
    let error = ground
        .store
        .pull(&evil.name("x"), &options, &mut tell)
        .unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(Error::Canceled)),
        "{error:#}"
    );
    assert_eq!(ground.staging(), Vec::<String>::new());
    assert!(!ground.has_blob(&digest));
    ground.pull(&evil.name("x")).unwrap();
}
