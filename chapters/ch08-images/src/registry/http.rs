//! Requests, with redirects followed by ourselves: an `Authorization` stays with the
//! origin that it was made for, and nobody leads us to a file or out of TLS.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use ureq::http::{Response, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Timeout};

use super::Failure;
use super::origin::Origin;

const MOST_REDIRECTS: u32 = 10;
/// Where distributions keep the certificates that their users trust.
const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// An `Authorization`, and the only place where it may be shown.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) origin: &'a Origin,
    pub(super) value: &'a str,
}

/// What sends requests.
pub(super) struct Http(Agent);

impl Http {
    pub(super) fn new(loopback: bool) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("skiff/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(Duration::from_secs(10)))
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)));
        if loopback {
            // No proxy reaches this machine better than it does itself.
            config = config.proxy(None);
        } else {
            config = config.tls_config(trust());
        }
        Self(config.build().new_agent())
    }

    /// Asks for `uri` and follows redirects; tells which origin answered.
    pub(super) fn get(
        &self,
        uri: &Uri,
        headers: &[(&str, &str)],
        key: Option<Key<'_>>,
    ) -> Result<(Origin, Response<Body>), Failure> {
        let mut uri = uri.clone();
        for _ in 0..=MOST_REDIRECTS {
            let origin = Origin::of(&uri)?;
            let mut request = self.0.get(&uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(key) = key.filter(|key| *key.origin == origin) {
                request = request.header("authorization", key.value);
            }
            let response = request.call().map_err(sort)?;
            if !response.status().is_redirection() {
                return Ok((origin, response));
            }
            let location = response.headers().get("location");
            let location = location.and_then(|location| location.to_str().ok());
            uri = next(&uri, location.context("a redirect to nowhere")?)?;
        }
        Err(anyhow!("more than {MOST_REDIRECTS} redirects").into())
    }
}

/// The certificates of this machine, for a company may have its own; else Mozilla's.
fn trust() -> TlsConfig {
    let bundle = BUNDLES.iter().find_map(|path| std::fs::read(path).ok());
    let items = bundle.as_deref().map(parse_pem).into_iter().flatten();
    let trusted: Vec<_> = items
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    let config = TlsConfig::builder();
    match trusted.is_empty() {
        true => config.build(),
        false => config.root_certs(RootCerts::from(trusted)).build(),
    }
}

// ANCHOR: next
/// Where a redirect leads.
///
/// # Errors
/// To something other than HTTP, or from TLS to plain text.
fn next(from: &Uri, location: &str) -> Result<Uri> {
    let origin = Origin::of(from)?;
    let refuse = || format!("refuse a redirect to {location:?}");
    let scheme = if origin.is_secure() { "https" } else { "http" };
    let target = if location.contains("://") {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{}{location}", origin.url())
    } else {
        let folder = from
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        format!("{}{folder}/{location}", origin.url())
    };
    let target: Uri = target.parse().with_context(refuse)?;
    let leads_to = Origin::of(&target).with_context(refuse)?;
    ensure!(
        leads_to.is_secure() || !origin.is_secure(),
        "refuse a redirect from https to http"
    );
    Ok(target)
}
// ANCHOR_END: next

/// Whether a failed request may be tried again: a certificate gets no better.
fn sort(error: ureq::Error) -> Failure {
    use std::io::ErrorKind::{ConnectionRefused, InvalidData, NotFound};
    let passing = match &error {
        ureq::Error::Io(io) => {
            let kinds = [ConnectionRefused, InvalidData, NotFound];
            !kinds.contains(&io.kind()) && !is_lookup(io)
        }
        ureq::Error::Timeout(phase) => *phase != Timeout::Resolve,
        ureq::Error::Protocol(_) => true,
        _ => false,
    };
    match passing {
        true => Failure::Passing(error.into()),
        false => Failure::Final(error.into()),
    }
}

/// Whether getaddrinfo(3) failed: the standard library has no kind for it.
fn is_lookup(error: &std::io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address")
}

/// What a failed connection says, as the kernel would.
pub(super) fn cause(error: &anyhow::Error) -> String {
    match error.downcast_ref::<ureq::Error>() {
        Some(ureq::Error::Io(io))
            if io.kind() == std::io::ErrorKind::ConnectionRefused =>
        {
            "connection refused".to_owned()
        }
        Some(ureq::Error::Io(io)) if is_lookup(io) => "no such host".to_owned(),
        Some(ureq::Error::Io(io)) => io.to_string(),
        Some(ureq::Error::HostNotFound) => "no such host".to_owned(),
        Some(other) => other.to_string(),
        None => format!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_http_only_and_never_out_of_tls() {
        let from: Uri = "https://r.io/v2/x/blobs/1".parse().unwrap();
        let leads = |location| next(&from, location).map(|uri| uri.to_string());
        assert_eq!(leads("https://cdn.io/a").unwrap(), "https://cdn.io/a");
        assert_eq!(leads("//cdn.io/a").unwrap(), "https://cdn.io/a");
        assert_eq!(leads("/a?b=c").unwrap(), "https://r.io:443/a?b=c");
        assert_eq!(leads("2").unwrap(), "https://r.io:443/v2/x/blobs/2");
        for bad in [
            "http://r.io/a",
            "file:///etc/passwd",
            "unix:///run/docker.sock",
            "gopher://x/",
            "https://user@r.io/",
            "https:///x",
        ] {
            assert!(leads(bad).is_err(), "{bad} was followed");
        }
        let plain: Uri = "http://127.0.0.1:5000/v2/".parse().unwrap();
        assert!(next(&plain, "http://127.0.0.1:5002/").is_ok());
    }

    #[test]
    fn what_gets_no_better_is_not_tried_again() {
        use std::io::{Error, ErrorKind};
        let passing = |error| matches!(sort(error), Failure::Passing(_));
        let lookup = || Error::other("failed to lookup address information: x");
        assert!(!passing(ureq::Error::Io(lookup())));
        assert!(!passing(ureq::Error::Io(
            ErrorKind::ConnectionRefused.into()
        )));
        assert!(!passing(ureq::Error::Timeout(Timeout::Resolve)));
        assert!(!passing(ureq::Error::Io(Error::new(
            ErrorKind::InvalidData,
            "TLS"
        ))));
        assert!(passing(ureq::Error::Io(ErrorKind::ConnectionReset.into())));
        assert!(passing(ureq::Error::Timeout(Timeout::RecvBody)));
        assert_eq!(cause(&ureq::Error::Io(lookup()).into()), "no such host");
    }
}
