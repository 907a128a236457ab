//! Image references: `[registry/]path[:tag][@digest]`, and their familiar short forms.
//!
//! The grammar is that of docker's `distribution/reference`, which every registry
//! follows; `busybox` means `docker.io/library/busybox:latest`.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::error::Error;

/// The registry that is meant when none is named.
const HUB: &str = "docker.io";
/// Its folder for names without a slash.
const LIBRARY: &str = "library/";
/// The tag that is meant when none is named.
const LATEST: &str = "latest";

/// A parsed reference, in full.
// ANCHOR: Reference
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The registry, with its port if one was given: `docker.io`, `localhost:5000`.
    pub domain: String,
    /// The repository in it: `library/busybox`.
    pub path: String,
    /// The tag, if one was given.
    pub tag: Option<String>,
    /// The digest, if one was given.
    pub digest: Option<Digest>,
}
// ANCHOR_END: Reference

impl Reference {
    /// The name without tag or digest, as people type it: `busybox`.
    pub fn familiar_name(&self) -> String {
        match (self.domain.as_str(), self.path.strip_prefix(LIBRARY)) {
            (HUB, Some(short)) if !short.contains('/') => short.to_owned(),
            (HUB, _) => self.path.clone(),
            _ => self.name(),
        }
    }

    /// The reference as people type it: `busybox:latest`.
    pub fn familiar(&self) -> String {
        self.end(self.familiar_name())
    }

    /// The full name without tag or digest: `docker.io/library/busybox`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The same with `latest` as its tag, when it has neither tag nor digest.
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(LATEST.to_owned());
        }
        self
    }

    /// The same repository at a digest.
    #[must_use]
    pub fn at(&self, digest: &Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest.clone()),
            ..self.clone()
        }
    }

    fn end(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest.as_str());
        }
        text
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.end(self.name()))
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_identifier(text) {
            return Err(bad(format!(
                "invalid repository name ({text}), cannot specify 64-byte \
                 hexadecimal strings"
            )));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (domain, rest) = split_domain(rest);
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        let path = if domain == HUB && !path.contains('/') {
            format!("{LIBRARY}{path}")
        } else {
            path.to_owned()
        };
        check(domain, &path, tag)?;
        Ok(Self {
            domain: domain.to_owned(),
            path,
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

fn bad(why: impl Into<String>) -> Error {
    Error::BadReference(why.into())
}

/// Whether a text is 64 hex digits: it would be mistaken for an image's id.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first component is a registry if it could not be a folder of the hub.
fn split_domain(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((first, rest)) if looks_like_domain(first) => (
            if first == "index.docker.io" {
                HUB
            } else {
                first
            },
            rest,
        ),
        _ => (HUB, text),
    }
}

fn looks_like_domain(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first != first.to_lowercase()
}

fn check(domain: &str, path: &str, tag: Option<&str>) -> Result<(), Error> {
    const FORMAT: &str = "invalid reference format";
    if path != path.to_lowercase() {
        return Err(bad(format!(
            "{FORMAT}: repository name ({path}) must be lowercase"
        )));
    }
    if !is_domain(domain) || !path.split('/').all(is_component) || !tag.is_none_or(is_tag)
    {
        return Err(bad(FORMAT));
    }
    if path.len() > 255 {
        return Err(bad("repository name must not be more than 255 characters"));
    }
    Ok(())
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|d| d.split_once(']')) {
        Some((address, port)) => {
            let hex = |b: u8| b.is_ascii_hexdigit() || b == b':';
            if address.is_empty() || !address.bytes().all(hex) {
                return false;
            }
            (
                None,
                port.strip_prefix(':').or(port.is_empty().then_some("0")),
            )
        }
        None => match domain.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(domain), Some("0")),
        },
    };
    let digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    port.is_some_and(digits) && host.is_none_or(|host| host.split('.').all(is_label))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Lower-case words, joined by one `.`, one or two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = [component.bytes().next(), component.bytes().last()];
    let separators = component
        .split(|character: char| u8::try_from(character).is_ok_and(word))
        .filter(|separator| !separator.is_empty());
    let joined = |s: &str| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-');
    ends.into_iter().all(|end| end.is_some_and(word))
        && separators.into_iter().all(joined)
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests;
