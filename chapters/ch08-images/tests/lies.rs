//! Registries that lie: whatever they send, nothing unverified is kept.

mod evil;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evil::{Evil, Ground, Reply, Request, Wares};
use serde_json::json;

fn is_blob(request: &Request, digest: &str) -> bool {
    request.path.ends_with(digest)
}

#[test]
fn r01_a_flipped_byte_is_refused_and_a_good_blob_taken_afterwards() {
    let ground = Ground::new();
    let wares = Wares::of_text();
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
        let wares = Wares::of_text();
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
    let wares = Wares::of_text();
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
        let wares = Wares::of_text();
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
        let mut wares = Wares::of_text();
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
    let mut wares = Wares::of_text();
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
    let mut lying = Wares::of_text();
    let config = lying.manifest["config"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    lying.blobs.insert(config, b"{}".to_vec());
    let told = ground.refused(&lying.serve().name("x"));
    assert!(told.contains("image config verification failed"), "{told}");

    let honest = Wares::of_text();
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
            let mut wares = Wares::of_text();
            *wares.manifest.pointer_mut(place).unwrap() = digest.clone().into();
            let evil = wares.serve();
            let told = ground.refused(&evil.name("x"));
            assert!(told.contains("digest"), "{digest}: {told}");
            assert_eq!(evil.times("/blobs/"), 0, "{digest} was asked for");
        }
        let ground = Ground::new();
        let mut wares = Wares::of_text();
        let mut config = wares.config.clone();
        config["rootfs"]["diff_ids"][0] = digest.clone().into();
        wares.set_config(config);
        let _ = ground.refused(&wares.serve().name("x"));
    }
}
