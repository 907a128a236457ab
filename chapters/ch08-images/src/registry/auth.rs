//! Showing a registry who one is: `WWW-Authenticate`, basic and bearer.
//!
//! A registry says where its tokens are made, so a hostile one could name any place.
//! Credentials go to that place only if it is the registry itself, or if both are
//! reached over TLS; anybody may be asked for an anonymous token. The token asked for
//! is always one for reading this repository, whatever the registry proposes.

use std::io::Read;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use ureq::http::{HeaderMap, Uri};

use super::Failure;
use super::http::{Http, Key};
use super::origin::Origin;
use crate::error::Error;
use crate::pull::Credentials;

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token that `realm` makes.
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// The strongest challenge of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all("www-authenticate").iter();
        let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        let starts = |text: &&&str, scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
        };
        if let Some(text) = texts.iter().find(|text| starts(text, "bearer ")) {
            let parameters = &text["bearer ".len()..];
            return Some(Self::Bearer {
                realm: parameter(parameters, "realm")?,
                service: parameter(parameters, "service").unwrap_or_default(),
            });
        }
        texts
            .iter()
            .any(|text| starts(&text, "basic"))
            .then_some(Self::Basic)
    }
}

/// A parameter of a challenge: `name="value"`, commas between.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_start_matches([',', ' ']).trim();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value.to_owned());
        }
        rest = after;
    }
}

/// Where to ask for a token that lets the repository at `path` be read.
pub(super) fn token_uri(realm: &str, service: &str, path: &str) -> Result<Uri> {
    let sign = if realm.contains('?') { '&' } else { '?' };
    let scope = encoded(&format!("repository:{path}:pull"));
    let service = encoded(service);
    let uri = format!("{realm}{sign}service={service}&scope={scope}");
    uri.parse()
        .context("read where the registry's tokens are made")
}

/// Whether the maker of tokens at `uri` may see the credentials for a registry.
pub(super) fn may_know(registry: &Origin, uri: &Uri) -> bool {
    Origin::of(uri).is_ok_and(|maker| {
        maker == *registry || maker.is_secure() && registry.is_secure()
    })
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Asks for a token, and makes an `Authorization` of it.
pub(super) fn token(
    http: &Http,
    registry: &Origin,
    uri: &Uri,
    credentials: Option<&Credentials>,
) -> Result<String, Failure> {
    let origin = Origin::of(uri).context("refuse to ask for a token")?;
    if registry.is_secure() && !origin.is_secure() {
        return Err(anyhow!("refuse to ask for a token in plain text").into());
    }
    let basic = credentials.map(basic);
    let key = basic.as_deref().map(|value| Key {
        origin: &origin,
        value,
    });
    let (_, response) = http.get(uri, &[], key)?;
    let status = response.status();
    if status.is_server_error() {
        let text = format!("{} answers {status} when asked for a token", origin.host());
        return Err(Failure::Passing(anyhow!(text)));
    }
    if !status.is_success() {
        let host = origin.host();
        let text = format!("unauthorized: {host} gives no token: {status}");
        return Err(Error::Denied(text).into());
    }
    let mut bytes = Vec::new();
    let body = response.into_body().into_reader();
    body.take(1 << 20)
        .read_to_end(&mut bytes)
        .context("read the token")?;
    let token: Token = serde_json::from_slice(&bytes).context("read the token")?;
    let token = token.token.or(token.access_token).unwrap_or_default();
    let printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    check_token(&token, printable)?;
    Ok(format!("Bearer {token}"))
}

fn check_token(token: &str, printable: bool) -> Result<()> {
    ensure!(
        !token.is_empty() && printable,
        "the registry's token is not one"
    );
    Ok(())
}

/// The `Authorization` of a name and a password (RFC 7617).
pub(super) fn basic(credentials: &Credentials) -> String {
    let Credentials { username, password } = credentials;
    format!(
        "Basic {}",
        base64(format!("{username}:{password}").as_bytes())
    )
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4u32 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at as usize > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

/// Percent-encodes a part of a query (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
    let mut encoded = String::new();
    for byte in text.bytes() {
        match plain(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("www-authenticate", value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn challenges_are_read() {
        let bearer =
            r#"Bearer realm="https://a.io/token?x=1,2",service="r.io",scope="s""#;
        let expected = Challenge::Bearer {
            realm: "https://a.io/token?x=1,2".to_owned(),
            service: "r.io".to_owned(),
        };
        assert_eq!(challenge(&[bearer]), Some(expected.clone()));
        assert_eq!(challenge(&["Basic realm=x", bearer]), Some(expected));
        assert_eq!(challenge(&[r#"basic realm="x""#]), Some(Challenge::Basic));
        assert_eq!(challenge(&["Bearer service=x"]), None);
        assert_eq!(challenge(&["Bearer realm=\"x"]), None);
        assert_eq!(challenge(&["Negotiate"]), None);
        assert_eq!(challenge(&[]), None);
    }

    #[test]
    fn credentials_go_to_the_registry_or_stay_within_tls() {
        let may = |registry: &str, maker: &str| {
            let registry = Origin::of(&registry.parse().unwrap()).unwrap();
            may_know(&registry, &maker.parse().unwrap())
        };
        assert!(may(
            "https://registry-1.docker.io/",
            "https://auth.docker.io/token"
        ));
        assert!(may("http://127.0.0.1:5000/", "http://127.0.0.1:5000/token"));
        assert!(!may(
            "http://127.0.0.1:5000/",
            "http://127.0.0.1:5002/token"
        ));
        assert!(!may("https://r.io/", "http://r.io/token"));
        assert!(!may("http://127.0.0.1:5000/", "https://evil.io/token"));
    }

    #[test]
    fn the_scope_is_ours() {
        let uri = token_uri("https://a.io/token", "a b&c", "library/x").unwrap();
        let expected =
            "https://a.io/token?service=a%20b%26c&scope=repository:library/x:pull";
        assert_eq!(uri.to_string(), expected);
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
