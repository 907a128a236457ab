//! `/images/…`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::StatusCode;
use serde::Deserialize;

use super::body;
use super::call::Call;
use super::respond::{self, Answer};
use crate::api::image::{ErrorDetail, ProgressLine};
use crate::core::Refusal;
use crate::effects::Pull;

/// `GET /images/json`
pub(super) async fn list(call: Call) -> Answer {
    let filters = call.filters()?;
    respond::json(
        &call
            .blocking(move |engine| engine.list_images(&filters))
            .await?,
    )
}

/// `GET /images/{name}/json`
pub(super) async fn inspect(call: Call, name: &[&str]) -> Answer {
    let name = name.join("/");
    respond::json(
        &call
            .blocking(move |engine| engine.inspect_image(&name))
            .await?,
    )
}

/// `POST /images/{name}/tag`
pub(super) async fn tag(call: Call, name: &[&str]) -> Answer {
    let (name, new) = (
        name.join("/"),
        full_name(call.text("repo"), call.text("tag")),
    );
    call.blocking(move |engine| engine.tag(&name, &new)).await?;
    Ok(respond::empty(StatusCode::CREATED))
}

/// `DELETE /images/{name}`
pub(super) async fn remove(call: Call, name: &[&str]) -> Answer {
    let (name, force) = (name.join("/"), call.flag("force"));
    respond::json(
        &call
            .blocking(move |engine| engine.remove_image(&name, force))
            .await?,
    )
}

/// `POST /images/create`: a pull. Its progress is JSON lines; an error after the first
/// of them is one too, since the status has been sent.
pub(super) async fn create(call: Call) -> Answer {
    let from = call.text("fromImage");
    if from.is_empty() {
        return Err(Refusal::unsupported(
            "images/create without fromImage (import)",
        ));
    }
    let cancel = Arc::new(AtomicBool::new(false));
    let pull = Pull {
        name: full_name(from, call.text("tag")),
        platform: call.text("platform").to_owned(),
        credentials: credentials(&call),
        cancel: Arc::clone(&cancel),
    };
    let (lines, mut progress) = tokio::sync::mpsc::channel::<Vec<u8>>(16);
    let (app, task) = (Arc::clone(&call.app), lines.clone());
    let pulling = tokio::spawn(async move {
        app.blocking(move |engine| {
            engine.pull(pull, &mut |line| {
                if task.blocking_send(text(&line)).is_err() {
                    // Nobody reads: whoever asked has gone.
                    cancel.store(true, Ordering::Relaxed);
                }
            })
        })
        .await
    });
    drop(lines);
    let Some(first) = progress.recv().await else {
        let done = pulling.await.map_err(anyhow::Error::from)?;
        done?;
        return Ok(respond::with_type("application/json", Body::empty()));
    };
    let (out, body) = body::channel();
    tokio::spawn(async move {
        let mut next = Some(first);
        while let Some(line) = next {
            if out.send(line).await.is_err() {
                return;
            }
            next = progress.recv().await;
        }
        if let Ok(Err(refusal)) = pulling.await {
            let _ = out.send(text(&failed(refusal.message))).await;
        }
    });
    Ok(respond::with_type("application/json", body))
}

fn failed(message: String) -> ProgressLine {
    ProgressLine {
        error_detail: Some(ErrorDetail {
            code: None,
            message: message.clone(),
        }),
        error: message,
        ..ProgressLine::default()
    }
}

fn text(line: &ProgressLine) -> Vec<u8> {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.extend(b"\r\n");
    text
}

/// A repository and a tag, or a digest where a tag would be.
fn full_name(repository: &str, tag: &str) -> String {
    match tag {
        "" => repository.to_owned(),
        digest if digest.starts_with("sha256:") => format!("{repository}@{digest}"),
        tag => format!("{repository}:{tag}"),
    }
}

/// Who pulls, from the header `X-Registry-Auth`: base64 of JSON.
fn credentials(call: &Call) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Auth {
        #[serde(default)]
        username: String,
        #[serde(default)]
        password: String,
    }
    let header = call.headers.get("x-registry-auth")?.to_str().ok()?;
    let auth: Auth = serde_json::from_slice(&base64(header)?).ok()?;
    (!auth.username.is_empty()).then_some((auth.username, auth.password))
}

/// Decodes base64 in either alphabet, padded or not (RFC 4648).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_both_alphabets() {
        assert_eq!(base64("e30=").unwrap(), b"{}");
        assert_eq!(base64("e30").unwrap(), b"{}");
        assert_eq!(base64("-_-_").unwrap(), base64("+/+/").unwrap());
        assert_eq!(base64("aGVsbG8gd29ybGQ").unwrap(), b"hello world");
        assert_eq!(base64(""), Some(Vec::new()));
        assert_eq!(base64("a b"), None);
    }

    #[test]
    fn names_with_tags_and_digests() {
        assert_eq!(full_name("a/b", ""), "a/b");
        assert_eq!(full_name("a/b", "1"), "a/b:1");
        assert_eq!(full_name("a/b", "sha256:00"), "a/b@sha256:00");
    }
}
