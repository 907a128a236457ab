//! The names of images, as far as a client looks at them: where the tag begins.
//!
//! Whether a name is one is the daemon's business (distribution/reference).

/// A name taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'n> {
    /// What stands before tag and digest.
    pub(crate) repository: &'n str,
    pub(crate) tag: Option<&'n str>,
    pub(crate) digest: Option<&'n str>,
}

impl<'n> Reference<'n> {
    /// Takes `name` apart: a colon after the last slash begins a tag, `@` a digest.
    pub(crate) fn split(name: &'n str) -> Self {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (name, None),
        };
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match rest[slash..].find(':') {
            Some(colon) => (&rest[..slash + colon], Some(&rest[slash + colon + 1..])),
            None => (rest, None),
        };
        Self {
            repository,
            tag,
            digest,
        }
    }

    /// The tag or digest that a pull asks for.
    pub(crate) fn tag_or_digest(&self) -> &'n str {
        self.digest.or(self.tag).unwrap_or("latest")
    }

    /// With registry and tag, as the last line of a pull has it.
    pub(crate) fn canonical(&self) -> String {
        let first = self.repository.split('/').next().unwrap_or_default();
        let has_registry = self.repository.contains('/')
            && (first.contains(['.', ':']) || first == "localhost");
        let registry = match (has_registry, self.repository.contains('/')) {
            (true, _) => "",
            (false, true) => "docker.io/",
            (false, false) => "docker.io/library/",
        };
        let mark = if self.digest.is_some() { '@' } else { ':' };
        format!(
            "{registry}{}{mark}{}",
            self.repository,
            self.tag_or_digest()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_after_the_last_slash_begins_the_tag() {
        for (name, repository, tag, canonical) in [
            ("alpine", "alpine", None, "docker.io/library/alpine:latest"),
            ("a/b:1", "a/b", Some("1"), "docker.io/a/b:1"),
            ("host:5000/x", "host:5000/x", None, "host:5000/x:latest"),
            ("localhost/x:y", "localhost/x", Some("y"), "localhost/x:y"),
            (
                "x:1@sha256:ab",
                "x",
                Some("1"),
                "docker.io/library/x@sha256:ab",
            ),
        ] {
            let split = Reference::split(name);
            assert_eq!((split.repository, split.tag), (repository, tag), "{name}");
            assert_eq!(split.canonical(), canonical);
        }
    }
}
