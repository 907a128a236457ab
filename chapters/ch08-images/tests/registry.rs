//! Registries that lie: whatever they send, nothing unverified is kept.

mod evil;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evil::archive::Archive;
use evil::{Evil, Ground, INDEX, Reply, Request, Wares, descriptor};
use images::{Error, LayerStatus, Progress};
use serde_json::json;

fn wares() -> Wares {
    let text = "some text ".repeat(10_000);
    Wares::new(&[Archive::new().dir("etc/").file("etc/hello", &text).end()])
}

fn is_blob(request: &Request, digest: &str) -> bool {
    request.path.ends_with(digest)
}

#[test]
fn an_honest_registry_is_told_of_in_dockers_words() {
    let ground = Ground::new();
    let wares = wares();
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
fn r01_a_flipped_byte_is_refused_and_a_good_blob_taken_afterwards() {
    let ground = Ground::new();
    let wares = wares();
    let (digest, blob) = wares.layer(0);
    let lies = Arc::new(AtomicUsize::new(1));
    let (lying, good, name) = (Arc::clone(&lies), wares.clone(), digest.clone());
    let evil = Evil::start(move |request| {
        if is_blob(request, &name) && lying.load(Ordering::SeqCst) == 1 {
            let mut blob = blob.clone();
            blob[700] ^= 1;
            return Reply::ok(&blob);
        }
        good.answer(request)
    });
    let told = ground.refused(&evil.name("x"));
    let expected = format!("filesystem layer verification failed for digest {digest}");
    assert!(told.contains(&expected), "{told}");
    assert!(!ground.has_blob(&digest));
    lies.store(0, Ordering::SeqCst);
    ground.pull(&evil.name("x")).unwrap();
    assert!(ground.has_blob(&digest));
}

#[test]
fn r02_a_broken_connection_is_taken_up_where_it_broke() {
    for ranges in [true, false] {
        let ground = Ground::new();
        let wares = wares();
        let (digest, blob) = wares.layer(0);
        let cuts = [0, blob.len() / 2, blob.len() * 99 / 100];
        let tries = AtomicUsize::new(0);
        let name = digest.clone();
        let evil = Evil::start(move |request| {
            if !is_blob(request, &name) {
                return wares.answer(request);
            }
            let range = request.headers.get("range").filter(|_| ranges);
            let from = range.map_or(0, |range| {
                let from = range.trim_start_matches("bytes=").trim_end_matches('-');
                from.parse().unwrap()
            });
            let status = if from > 0 {
                "206 Partial Content"
            } else {
                "200 OK"
            };
            let whole = Reply::new(status, &[], &blob[from..]);
            match cuts.get(tries.fetch_add(1, Ordering::SeqCst)) {
                Some(cut) => whole.cut(cut.saturating_sub(from)),
                None => whole,
            }
        });
        ground.pull(&evil.name("x")).unwrap();
        assert!(ground.has_blob(&digest));
        let ranged = evil
            .asked()
            .iter()
            .filter(|r| r.headers.contains_key("range"))
            .count();
        assert_eq!(ranged, 2, "the rest is asked for once something is here");
        assert_eq!(evil.times(&digest), 4);
    }
}

#[test]
fn r02_a_connection_that_always_breaks_is_given_up() {
    let ground = Ground::new();
    let wares = wares();
    let (digest, blob) = wares.layer(0);
    let name = digest.clone();
    let evil = Evil::start(move |request| match is_blob(request, &name) {
        true => Reply::ok(&blob).cut(1000),
        false => wares.answer(request),
    });
    let told = ground.refused(&evil.name("x"));
    assert!(told.contains("tried 5 times"), "{told}");
    assert_eq!(evil.times(&digest), 5);
    assert!(!ground.has_blob(&digest));
}

#[test]
fn r03_a_body_of_another_length_is_refused() {
    // By its header, by its bytes when it has none, and without an end.
    let replies: [fn(&[u8]) -> Reply; 3] = [
        |blob| Reply::ok(&[blob, b"more"].concat()),
        |blob| {
            let length = ("content-length", "");
            Reply::new("200 OK", &[length], &[blob, b"more"].concat())
        },
        |blob| {
            let headers = [("content-length", ""), ("transfer-encoding", "chunked")];
            let chunk = [b"100000\r\n".as_slice(), &[7; 1 << 20], b"\r\n"].concat();
            let blob = format!("{:x}\r\n", blob.len());
            Reply::new(
                "200 OK",
                &headers,
                &[blob.as_bytes(), &chunk.repeat(4)].concat(),
            )
        },
    ];
    for reply in replies {
        let ground = Ground::new();
        let wares = wares();
        let (digest, blob) = wares.layer(0);
        let name = digest.clone();
        let evil = Evil::start(move |request| match is_blob(request, &name) {
            true => reply(&blob),
            false => wares.answer(request),
        });
        let _ = ground.refused(&evil.name("x"));
        assert!(!ground.has_blob(&digest));
    }
}

#[test]
fn r03_a_size_that_lies_is_refused() {
    for size in ["1", "0", "99999999", "-1", "9223372036854775808", "1e3"] {
        let ground = Ground::new();
        let mut wares = wares();
        let marker = 123_456_789;
        wares.manifest["layers"][0]["size"] = marker.into();
        let (digest, _) = wares.layer(0);
        let text = wares
            .manifest
            .to_string()
            .replace(&marker.to_string(), size);
        let evil =
            Evil::start(move |request| match request.path.contains("/manifests/") {
                true => Reply::typed(evil::MANIFEST, text.as_bytes()),
                false => wares.answer(request),
            });
        let told = ground.refused(&evil.name("x"));
        assert!(!ground.has_blob(&digest), "{size}: {told}");
    }
}

#[test]
fn r04_a_diff_id_that_lies_is_refused() {
    let ground = Ground::new();
    let mut wares = wares();
    let mut config = wares.config.clone();
    config["rootfs"]["diff_ids"] = json!([images::Digest::of(b"other")]);
    wares.set_config(config);
    let (digest, _) = wares.layer(0);
    let told = ground.refused(&wares.serve().name("x"));
    assert!(
        told.contains("uncompressed layer verification failed"),
        "{told}"
    );
    assert!(!ground.has_blob(&digest));
}

#[test]
fn r04_a_config_or_manifest_of_another_digest_is_refused() {
    let ground = Ground::new();
    let mut lying = wares();
    let config = lying.manifest["config"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    lying.blobs.insert(config, b"{}".to_vec());
    let told = ground.refused(&lying.serve().name("x"));
    assert!(told.contains("image config verification failed"), "{told}");

    let honest = wares();
    let right = images::Digest::of(&honest.manifest_bytes());
    let wrong = images::Digest::of(b"something else");
    // The header says what the client wants to hear; only the bytes count.
    let header = wrong.to_string();
    let evil = Evil::start(move |request| match request.path.contains("/manifests/") {
        true => {
            let headers = [("docker-content-digest", header.as_str())];
            Reply::new("200 OK", &headers, &honest.manifest_bytes())
        }
        false => honest.answer(request),
    });
    let told = ground.refused(&evil.name(&format!("x@{wrong}")));
    let expected = format!("manifest verification failed for digest {wrong}");
    assert!(told.contains(&expected), "{told}");
    let image = ground.pull(&evil.name(&format!("x@{right}"))).unwrap();
    assert_eq!(image.manifest, right);
    assert_eq!(image.digests, [evil.name(&format!("x@{right}"))]);
}

#[test]
fn r06_what_is_no_digest_never_becomes_a_path() {
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let bad = [
        "sha256:../../../../canary/file".to_owned(),
        format!("sha256:{}", &hex[1..]),
        format!("sha256:{}", hex.to_uppercase()),
        "md5:d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        format!("sha512:{hex}{hex}"),
        String::new(),
    ];
    for digest in bad {
        for place in ["/layers/0/digest", "/config/digest"] {
            let ground = Ground::new();
            let mut wares = wares();
            *wares.manifest.pointer_mut(place).unwrap() = digest.clone().into();
            let evil = wares.serve();
            let told = ground.refused(&evil.name("x"));
            assert!(told.contains("digest"), "{digest}: {told}");
            assert_eq!(evil.times("/blobs/"), 0, "{digest} was asked for");
        }
        let ground = Ground::new();
        let mut wares = wares();
        let mut config = wares.config.clone();
        config["rootfs"]["diff_ids"][0] = digest.clone().into();
        wares.set_config(config);
        let _ = ground.refused(&wares.serve().name("x"));
    }
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
    let wares = wares();
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
    let wares = wares();
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
    let wares = wares();
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
