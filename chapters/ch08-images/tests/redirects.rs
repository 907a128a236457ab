//! Registries that want to know more than they may, or send clients astray.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod evil;

use evil::archive::Archive;
use evil::{Evil, Ground, Reply, Request, Wares};
use images::{Credentials, PullOptions};

fn wares() -> Wares {
    Wares::new(&[Archive::new().file("hello", "hello").end()])
}

/// A registry that wants a token, made by `realm`, and sends blobs elsewhere.
fn guarded(
    realm: impl Fn(&str) -> String + Send + Sync + 'static,
    blobs: String,
) -> Evil {
    let wares = wares();
    Evil::start(move |request| {
        let host = &request.headers["host"];
        if request.path.starts_with("/token") {
            return Reply::ok(br#"{"token":"our-token"}"#);
        }
        if request
            .headers
            .get("authorization")
            .is_none_or(|it| it != "Bearer our-token")
        {
            let challenge = format!("Bearer realm=\"{}\",service=\"s\"", realm(host));
            return Reply::new(
                "401 Unauthorized",
                &[("www-authenticate", &challenge)],
                b"{}",
            );
        }
        match request.path.contains("/blobs/") {
            true => Reply::redirect(&format!("{blobs}{}", request.path)),
            false => wares.answer(request),
        }
    })
}

fn with_credentials() -> PullOptions {
    let (username, password) = ("me".to_owned(), "secret".to_owned());
    let credentials = Some(Credentials { username, password });
    PullOptions {
        credentials,
        ..Ground::options()
    }
}

#[test]
fn r07_an_authorization_does_not_follow_a_redirect() {
    let elsewhere = wares().serve();
    let evil = guarded(
        |host| format!("http://{host}/token"),
        elsewhere.name("").replacen("", "http://", 1),
    );
    let ground = Ground::new();
    let name = evil.name("x");
    ground
        .store
        .pull(&name, &with_credentials(), &mut |_| {})
        .unwrap();
    assert!(
        elsewhere.times("/blobs/") >= 2,
        "the redirect was not followed"
    );
    for request in elsewhere.asked() {
        assert_eq!(request.headers.get("authorization"), None);
    }
    let basic = "Basic bWU6c2VjcmV0";
    let token = evil
        .asked()
        .into_iter()
        .find(|r| r.path.starts_with("/token"))
        .unwrap();
    assert_eq!(
        token.headers["authorization"], basic,
        "its own maker may know them"
    );
    assert_eq!(token.path, "/token?service=s&scope=repository:x:pull");
}

#[test]
fn r07_a_redirect_leads_to_http_only() {
    for target in [
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "ftp://127.0.0.1/x",
    ] {
        let ground = Ground::new();
        let wares = wares();
        let evil = Evil::start(move |request| match request.path.contains("/blobs/") {
            true => Reply::redirect(target),
            false => wares.answer(request),
        });
        let told = ground.refused(&evil.name("x"));
        assert!(told.contains("refuse a redirect"), "{told}");
    }
}

#[test]
fn r08_credentials_do_not_go_to_another_maker_of_tokens() {
    let maker = Evil::start(|_| Reply::ok(br#"{"token":"our-token"}"#));
    let realm = format!("http://{}/token", maker.address);
    let elsewhere = wares().serve();
    let blobs = format!("http://{}", elsewhere.address);
    let evil = guarded(move |_| realm.clone(), blobs);
    let ground = Ground::new();
    ground
        .store
        .pull(&evil.name("x"), &with_credentials(), &mut |_| {})
        .unwrap();
    assert_eq!(maker.asked().len(), 1);
    assert_eq!(maker.asked()[0].headers.get("authorization"), None);
}

#[test]
fn r10_loops_and_endless_failures_end() {
    type Answer = fn(&Request) -> Reply;
    let answers: [(&str, Answer); 3] = [
        ("redirects", |_| Reply::redirect("/v2/x/manifests/again")),
        ("500", |_| Reply::new("500 Internal Server Error", &[], b"")),
        ("pull access denied", |_| {
            let challenge = [("www-authenticate", "Basic realm=\"x\"")];
            Reply::new("401 Unauthorized", &challenge, b"{}")
        }),
    ];
    for (expected, answer) in answers {
        let evil = Evil::start(answer);
        let ground = Ground::new();
        let pulled = ground
            .store
            .pull(&evil.name("x"), &with_credentials(), &mut |_| {});
        let told = format!("{:#}", pulled.unwrap_err());
        assert!(told.contains(expected), "{told}");
        assert!(
            evil.asked().len() <= 11,
            "{expected}: {} requests",
            evil.asked().len()
        );
    }
}
