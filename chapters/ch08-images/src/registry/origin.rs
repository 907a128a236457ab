//! Who is spoken to: scheme, host and port, which decide who sees a password, and whether
//! plain text will do.

use std::net::IpAddr;

use anyhow::{Context, Result, bail, ensure};
use ureq::http::Uri;

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL.
    ///
    /// # Errors
    /// It is not HTTP, or has no host, or carries a user.
    pub(super) fn of(uri: &Uri) -> Result<Self> {
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => bail!("{uri} is not a URL of http or https"),
        };
        let authority = uri.authority().context("a URL without a host")?;
        ensure!(!authority.as_str().contains('@'), "a URL with a user in it");
        let usual = if secure { 443 } else { 80 };
        Ok(Self {
            secure,
            host: authority.host().to_lowercase(),
            port: authority.port_u16().unwrap_or(usual),
        })
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port, as people write them.
    pub(super) fn host(&self) -> String {
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The URL without a path.
    pub(super) fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

/// Whether a registry's name, perhaps with a port, is this machine.
pub(super) fn is_loopback(name: &str) -> bool {
    let host = match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => name.split(':').next().unwrap_or(name),
    };
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_plain_text() {
        for name in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:5",
        ] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "localhost.evil.io",
            "127.0.0.1.evil.io:5000",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let of = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
        assert_eq!(of("https://R.io/x"), of("https://r.io:443/y"));
        assert_ne!(of("https://r.io/"), of("http://r.io/"));
        assert_ne!(of("http://r.io:1/"), of("http://r.io:2/"));
        assert_eq!(of("https://r.io/x").host(), "r.io");
        assert_eq!(of("http://r.io:5000/x").host(), "r.io:5000");
    }
}
