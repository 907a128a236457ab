//! `-v`, `--mount` and `--tmpfs`: mounts as they are typed.

use std::path::{Path, absolute};

use anyhow::{Context, Result, bail, ensure};
use engine::api::host::{BindOptions, Mount, TmpfsOptions};

use super::values;

/// A target and its mount options.
pub(crate) type Tmpfs = (String, String);

/// `SOURCE:TARGET[:OPTIONS]` or `TARGET`; a source that begins with a dot is a path
/// from here.
pub(crate) fn bind(text: &str) -> Result<String> {
    ensure!(!text.is_empty(), "invalid empty volume spec");
    let Some((source, rest)) = text.split_once(':') else {
        return Ok(text.to_owned());
    };
    ensure!(
        !source.is_empty() && !rest.is_empty(),
        "invalid volume specification: '{text}'"
    );
    match source.starts_with('.') {
        true => Ok(format!("{}:{rest}", from_here(source)?)),
        false => Ok(text.to_owned()),
    }
}

/// `TARGET[:OPTIONS]`.
pub(crate) fn tmpfs(text: &str) -> Result<Tmpfs> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    ensure!(
        target.starts_with('/'),
        "invalid mount path: '{target}' mount path must be absolute"
    );
    Ok((target.to_owned(), options.to_owned()))
}

/// `type=…,source=…,target=…,…`: comma-separated values (RFC 4180).
pub(crate) fn mount(text: &str) -> Result<Mount> {
    let mut mount = Mount {
        kind: "volume".to_owned(),
        ..Mount::default()
    };
    for field in fields(text)? {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_lowercase(), Some(value)),
            None => (field.to_lowercase(), None),
        };
        set(&mut mount, &key, value, &field)?;
    }
    ensure!(!mount.target.is_empty(), "target is required");
    let is = |kind: &str| mount.kind == kind;
    ensure!(
        mount.bind_options.is_none() || is("bind"),
        "cannot mix 'bind-*' options with mount type '{}'",
        mount.kind
    );
    ensure!(
        mount.tmpfs_options.is_none() || is("tmpfs"),
        "cannot mix 'tmpfs-*' options with mount type '{}'",
        mount.kind
    );
    if is("bind") {
        ensure!(
            !mount.source.is_empty(),
            "source is required for a bind mount"
        );
        if mount.source.starts_with('.') {
            mount.source = from_here(&mount.source)?;
        }
    }
    Ok(mount)
}

fn set(mount: &mut Mount, key: &str, value: Option<&str>, field: &str) -> Result<()> {
    if matches!(key, "readonly" | "ro" | "bind-nonrecursive") {
        let on = yes(key, value)?;
        match key {
            "bind-nonrecursive" => bind_options(mount).non_recursive = on,
            _ => mount.read_only = on,
        }
        return Ok(());
    }
    let Some(value) = value else {
        bail!("invalid field '{field}' must be a key=value pair");
    };
    match key {
        "type" => mount.kind = value.to_lowercase(),
        "source" | "src" => value.clone_into(&mut mount.source),
        "target" | "dst" | "destination" => value.clone_into(&mut mount.target),
        "consistency" => value.clone_into(&mut mount.consistency),
        "bind-propagation" => {
            value.clone_into(&mut bind_options(mount).propagation);
        }
        "tmpfs-size" => tmpfs_options(mount).size_bytes = values::size(value)?,
        "tmpfs-mode" => {
            let mode = u32::from_str_radix(value, 8);
            tmpfs_options(mount).mode =
                mode.with_context(|| format!("invalid value for {key}: {value}"))?;
        }
        _ => bail!("unexpected key '{key}' in '{field}'"),
    }
    Ok(())
}

fn bind_options(mount: &mut Mount) -> &mut BindOptions {
    mount.bind_options.get_or_insert_default()
}

fn tmpfs_options(mount: &mut Mount) -> &mut TmpfsOptions {
    mount.tmpfs_options.get_or_insert_default()
}

fn yes(key: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(other) => bail!("invalid value for {key}: {other}"),
    }
}

fn from_here(path: &str) -> Result<String> {
    let absolute = absolute(Path::new(path)).context("find the working directory")?;
    // Lexically, as docker's client does it: the daemon looks at the file system.
    let mut clean = std::path::PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    Ok(clean.to_string_lossy().into_owned())
}

/// Fields between commas; in double quotes a comma is a letter, and a doubled quote
/// one quote.
fn fields(text: &str) -> Result<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        let last = fields.len() - 1;
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => fields[last].push('"'),
            '"' if quoted => quoted = false,
            '"' if fields[last].is_empty() => quoted = true,
            '"' => bail!("bare \" in non-quoted field"),
            ',' if !quoted => fields.push(String::new()),
            _ => fields[last].push(letter),
        }
    }
    ensure!(!quoted, "extraneous or missing \" in quoted-field");
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_is_passed_on_but_for_a_path_from_here() {
        for same in ["/a:/b", "/a:/b:ro,z", "name:/b", "/only", "x/y:/a"] {
            assert_eq!(bind(same).unwrap(), same);
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            bind("./x/../y:/b:ro").unwrap(),
            format!("{}/y:/b:ro", here.display())
        );
        for wrong in ["", ":/a", "/a:"] {
            assert!(bind(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mount_is_made_of_fields() {
        let made =
            mount(r#"type=bind,src=/a,"dst=/b,""c",ro,bind-propagation=rslave"#).unwrap();
        assert_eq!(made.kind, "bind");
        assert_eq!(made.target, "/b,\"c");
        assert!(made.read_only);
        assert_eq!(made.bind_options.unwrap().propagation, "rslave");
        let made = mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770").unwrap();
        let options = made.tmpfs_options.unwrap();
        assert_eq!((options.size_bytes, options.mode), (1 << 20, 0o1770));
    }

    #[test]
    fn a_wrong_mount_is_named() {
        for (text, expected) in [
            ("type=bind,src=/a", "target is required"),
            ("type=bind,target=/a", "source is required for a bind mount"),
            ("target", "invalid field 'target' must be a key=value pair"),
            ("target=/a,zz=1", "unexpected key 'zz' in 'zz=1'"),
            ("target=/a,ro=maybe", "invalid value for ro: maybe"),
            (
                "target=/a,tmpfs-size=1m",
                "cannot mix 'tmpfs-*' options with mount type 'volume'",
            ),
            ("\"target=/a", "extraneous or missing \" in quoted-field"),
        ] {
            assert_eq!(mount(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_tmpfs_has_an_absolute_target() {
        assert_eq!(
            tmpfs("/run:size=1m").unwrap(),
            ("/run".into(), "size=1m".into())
        );
        assert!(tmpfs("run").is_err());
    }
}
