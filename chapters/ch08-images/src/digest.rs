//! Digests: the name of some content that is also its proof.
//!
//! Only `sha256:` and 64 lower-case hex digits are a [`Digest`] (OCI image spec,
//! descriptor.md): whoever holds one may make a file name of it.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

const ALGORITHM: &str = "sha256:";

/// A well-formed SHA-256 digest.
// ANCHOR: Digest
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);
// ANCHOR_END: Digest

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The 64 hex digits.
    pub fn hex(&self) -> &str {
        &self.0[ALGORITHM.len()..]
    }

    /// The first twelve hex digits, as lists show them.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// The whole text, `sha256:` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |why| Error::BadDigest(text.chars().take(100).collect(), why);
        let hex = text
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| bad("unsupported digest algorithm"))?;
        if hex.len() != 64 {
            return Err(bad("invalid checksum digest length"));
        }
        if !hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(bad("invalid checksum digest format"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// A digest being computed.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes more content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was taken.
    pub fn finish(self) -> Digest {
        let hex = self
            .0
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                use fmt::Write as _;
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        Digest(format!("{ALGORITHM}{hex}"))
    }
}

/// A reader or writer whose bytes are hashed and counted as they pass.
pub struct Hashing<T> {
    inner: T,
    hasher: Hasher,
    count: u64,
}

impl<T> Hashing<T> {
    /// Hashes what passes through `inner` from now on.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: Hasher::default(),
            count: 0,
        }
    }

    /// What was wrapped, the digest, and the number of bytes.
    pub fn finish(self) -> (T, Digest, u64) {
        (self.inner, self.hasher.finish(), self.count)
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.count += length as u64;
        Ok(length)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.count += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The chain ids of layers with these diff ids, bottom first: each names a layer
/// together with all below it (OCI image spec, config.md).
// ANCHOR: chain_ids
pub fn chain_ids(diff_ids: &[Digest]) -> Vec<Digest> {
    let mut chain: Vec<Digest> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        chain.push(match chain.last() {
            None => diff_id.clone(),
            Some(below) => Digest::of(format!("{below} {diff_id}").as_bytes()),
        });
    }
    chain
}
// ANCHOR_END: chain_ids

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_digest_of_nothing_is_the_well_known_one() {
        assert_eq!(Digest::of(b"").as_str(), EMPTY);
        assert_eq!(EMPTY.parse::<Digest>().unwrap().short(), "e3b0c44298fc");
    }

    #[test]
    fn what_is_not_exactly_a_digest_is_none() {
        let upper = EMPTY.to_uppercase().replace("SHA256", "sha256");
        let bad = [
            "",
            "sha256:",
            "sha256:../../../../etc/passwd",
            &EMPTY[..EMPTY.len() - 1],
            &format!("{EMPTY}0"),
            &upper,
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &EMPTY[7..],
            &EMPTY.replace("e3", "g3"),
            &format!(" {EMPTY}"),
        ];
        for text in bad {
            assert!(text.parse::<Digest>().is_err(), "{text:?} was taken");
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<Digest>(&json).is_err());
        }
    }

    #[test]
    fn the_chain_id_of_one_layer_is_its_diff_id() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        assert_eq!(
            chain_ids(std::slice::from_ref(&one)),
            std::slice::from_ref(&one)
        );
        let both = Digest::of(format!("{one} {two}").as_bytes());
        assert_eq!(chain_ids(&[one.clone(), two]), [one, both]);
    }

    #[test]
    fn what_passes_is_hashed_and_counted() {
        let mut reader = Hashing::new(&b"abc"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        let (_, digest, count) = reader.finish();
        assert_eq!((digest, count), (Digest::of(b"abc"), 3));
    }
}
