//! What a container's unit is called, and where it is (systemd.unit(5), systemd.slice(5)).

use anyhow::{Context, Result, bail, ensure};

/// The unit of a container, by name, and the slice that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name, such as `docker-web.scope`.
    pub name: String,
    /// The slice's name; `None` for the one that is usual.
    slice: Option<String>,
}

impl Unit {
    /// The unit that `linux.cgroupsPath` asks for, for a container named `id`.
    ///
    /// The path is `slice:prefix:name`. Each part may be empty: the slice is then the
    /// usual one, and without a prefix the unit has the name alone. No path at all is
    /// `:skiff:ID`.
    ///
    /// # Errors
    /// When the path has another shape, or a part is no name.
    // ANCHOR: parse
    pub fn parse(path: &str, id: &str) -> Result<Self> {
        let usual = format!(":skiff:{id}");
        let path = if path.is_empty() { &usual } else { path };
        let parts: Vec<_> = path.split(':').collect();
        let [slice, prefix, name] = parts[..] else {
            bail!(
                "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd \
                 cgroups, got {path:?} instead"
            );
        };
        let bad = || format!("config.json: linux.cgroupsPath is {path:?}");
        let slice = match slice {
            "" => None,
            "-" => Some("-.slice".to_owned()),
            other => Some(other.to_owned()),
        };
        slice.as_deref().map(expand).transpose().with_context(bad)?;
        let name = match (prefix, name) {
            (_, name) if name.ends_with(".slice") => name.to_owned(),
            ("", name) => format!("{name}.scope"),
            (prefix, name) => format!("{prefix}-{name}.scope"),
        };
        check(&name).with_context(bad)?;
        let unit = Self { name, slice };
        if unit.is_slice() {
            expand(&unit.name).with_context(bad)?;
        }
        Ok(unit)
    }
    // ANCHOR_END: parse

    /// The slice that it is in, for somebody with or without root's rights.
    pub(crate) fn slice(&self, rootless: bool) -> &str {
        let usual = if rootless {
            "user.slice"
        } else {
            "system.slice"
        };
        self.slice.as_deref().unwrap_or(usual)
    }

    /// Whether it is a slice itself, which other units may be in, and no process need be.
    pub(crate) fn is_slice(&self) -> bool {
        self.name.ends_with(".slice")
    }

    /// Where the group of the unit will be, as far as it can be known before; below the
    /// group of the systemd that is asked.
    #[must_use]
    pub fn place(&self, rootless: bool) -> String {
        let slice = if self.is_slice() {
            return expand(&self.name).unwrap_or_default();
        } else {
            expand(self.slice(rootless)).unwrap_or_default()
        };
        format!("{}/{}", slice.trim_end_matches('/'), self.name)
    }
}

/// The folder of a slice: a dash in its name means *below*.
// ANCHOR: expand
fn expand(slice: &str) -> Result<String> {
    let name = slice.strip_suffix(".slice");
    let name = name.with_context(|| format!("invalid slice name: {slice:?}"))?;
    check(slice)?;
    if name == "-" {
        return Ok("/".to_owned());
    }
    let mut path = String::new();
    let mut above = String::new();
    for part in name.split('-') {
        ensure!(!part.is_empty(), "invalid slice name: {slice:?}");
        path = format!("{path}/{above}{part}.slice");
        above = format!("{above}{part}-");
    }
    Ok(path)
}
// ANCHOR_END: expand

/// Refuses what systemd takes for no name of a unit.
fn check(name: &str) -> Result<()> {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.\\@".contains(c);
    let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem);
    ensure!(
        !stem.is_empty() && name.len() < 256 && name.chars().all(known),
        "invalid unit name: {name:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(path: &str) -> (String, String) {
        let unit = Unit::parse(path, "web").unwrap();
        (unit.place(false), unit.place(true))
    }

    #[test]
    fn the_path_says_slice_prefix_and_name() {
        let same = |path: &str| (path.to_owned(), path.to_owned());
        let both = |name: &str| {
            (
                format!("/system.slice/{name}"),
                format!("/user.slice/{name}"),
            )
        };
        assert_eq!(
            parsed("machine.slice:libpod:1f"),
            same("/machine.slice/libpod-1f.scope")
        );
        assert_eq!(
            parsed("a-b-c.slice:docker:x"),
            same("/a.slice/a-b.slice/a-b-c.slice/docker-x.scope")
        );
        assert_eq!(parsed(":cri-containerd:7"), both("cri-containerd-7.scope"));
        assert_eq!(parsed("::7"), both("7.scope"));
        assert_eq!(parsed(""), both("skiff-web.scope"));
        assert_eq!(parsed("-:p:n"), same("/p-n.scope"));
        assert_eq!(parsed("-.slice:p:n"), same("/p-n.scope"));
        assert_eq!(parsed("a.slice:p:b-c.slice"), same("/b.slice/b-c.slice"));
    }

    #[test]
    fn a_path_of_another_shape_is_named() {
        for bad in [
            "/skiff/web",
            "web",
            "a.slice:b",
            "a.slice:b:c:d",
            "a--b.slice:p:n",
            "-a.slice:p:n",
            "a-.slice:p:n",
            ".slice:p:n",
            "a:p:n",
            "user.slice/user-7.slice:p:n",
            "a.slice:p:../n",
            "a.slice:p/q:n",
            "a.slice:p:n m",
            "a.slice:p:n\0",
            "a.slice:p:a--b.slice",
            "::.slice",
        ] {
            let error = Unit::parse(bad, "web").unwrap_err();
            let told = format!("{error:#}");
            assert!(told.contains(&format!("{bad:?}")), "{bad:?}: {told}");
        }
        let long = format!("::{}", "n".repeat(300));
        assert!(Unit::parse(&long, "web").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_place_is_below(path in ".{0,12}:[a-z-]{0,6}:.{0,9}") {
            if let Ok(unit) = Unit::parse(&path, "web") {
                let place = unit.place(false);
                prop_assert!(place.starts_with('/') && !place.contains("//"), "{place}");
                prop_assert!(!place.split('/').any(|part| part == ".."), "{place}");
                prop_assert!(place.ends_with(&unit.name), "{place}");
            }
        }
    }
}
