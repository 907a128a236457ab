//! What is asked to be mounted, understood: `-v`, `--mount` and `--tmpfs` as one list.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::api::HostConfig;
use crate::api::host::{BindOptions, Mount, MountPoint};

/// One mount of a container, besides what every container gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Where it comes from.
    pub source: Source,
    /// Where it goes: absolute, inside the container.
    pub target: PathBuf,
    /// Options, in the words of mount(8) and the OCI.
    pub options: Vec<String>,
    /// What was typed as options, for `inspect`.
    pub mode: String,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A path of the host.
    Host {
        /// Absolute.
        path: PathBuf,
        /// Whether a missing one is made (`-v`) or an error (`--mount`).
        create: bool,
    },
    /// A volume, by name.
    Volume(String),
    /// Memory.
    Tmpfs,
}

/// Understands all mounts that a request asks for, in the order in which they are made:
/// what lies nearer to the root comes first.
///
/// # Errors
/// In docker's words.
pub fn plan(host: &HostConfig) -> Result<Vec<Planned>, Refusal> {
    let mut planned = Vec::new();
    for bind in host.binds.iter().flatten() {
        planned.push(of_bind(bind)?);
    }
    for mount in &host.mounts {
        planned.push(of_mount(mount)?);
    }
    for (target, options) in &host.tmpfs {
        planned.push(Planned {
            source: Source::Tmpfs,
            target: target_path(target, target)?,
            options: tmpfs_options(options),
            mode: String::new(),
        });
    }
    planned.sort_by_key(|mount| mount.target.components().count());
    for (index, mount) in planned.iter().enumerate() {
        if planned
            .iter()
            .skip(index + 1)
            .any(|other| other.target == mount.target)
        {
            let target = mount.target.display();
            return Err(Refusal::bad(format!("Duplicate mount point: {target}")));
        }
    }
    Ok(planned)
}

impl Planned {
    /// The mount as `inspect` shows it; `volumes` is where volumes are kept.
    pub fn point(&self, volumes: &Path) -> MountPoint {
        let read_only = self.options.iter().any(|option| option == "ro");
        let propagation = self.options.iter().find(|option| is_propagation(option));
        let mut point = MountPoint {
            destination: self.target.display().to_string(),
            mode: self.mode.clone(),
            rw: !read_only,
            ..MountPoint::default()
        };
        match &self.source {
            Source::Host { path, .. } => {
                point.kind = "bind".into();
                point.source = path.display().to_string();
                point.propagation =
                    propagation.cloned().unwrap_or_else(|| "rprivate".into());
            }
            Source::Volume(name) => {
                point.kind = "volume".into();
                point.name.clone_from(name);
                point.source = volumes.join(name).join("_data").display().to_string();
                point.driver = "local".into();
            }
            Source::Tmpfs => point.kind = "tmpfs".into(),
        }
        point
    }
}

/// Refuses what is no name of a volume.
///
/// # Errors
/// In docker's words.
pub fn check_volume_name(name: &str) -> Result<(), Refusal> {
    super::names::check(name).map_err(|_| {
        Refusal::bad(format!(
            "create {name}: \"{name}\" includes invalid characters for a local volume \
             name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to \
             pass a host directory, use absolute path"
        ))
    })
}

fn of_bind(text: &str) -> Result<Planned, Refusal> {
    let invalid = || Refusal::bad(format!("invalid volume specification: '{text}'"));
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, mode] => (source, target, mode),
        _ => return Err(invalid()),
    };
    if source.is_empty() || target.is_empty() {
        return Err(invalid());
    }
    let source = if source.starts_with('/') {
        Source::Host {
            path: clean(source).ok_or_else(invalid)?,
            create: true,
        }
    } else {
        check_volume_name(source)?;
        Source::Volume(source.to_owned())
    };
    let mut options = vec!["rbind".to_owned()];
    for word in mode.split(',').filter(|word| !word.is_empty()) {
        match word {
            "ro" | "rw" => options.push(word.to_owned()),
            _ if is_propagation(word) => options.push(word.to_owned()),
            // Labels of SELinux, copying into volumes and macOS: nothing to do here.
            "z" | "Z" | "nocopy" | "cached" | "consistent" | "delegated" => {}
            _ => return Err(Refusal::bad(format!("invalid mode: {mode}"))),
        }
    }
    if !options.iter().any(|option| is_propagation(option)) {
        options.push("rprivate".into());
    }
    let target = target_path(target, text)?;
    Ok(Planned {
        source,
        target,
        options,
        mode: mode.to_owned(),
    })
}

fn of_mount(mount: &Mount) -> Result<Planned, Refusal> {
    let Mount { kind, source, .. } = mount;
    let invalid = |why: &str| {
        Refusal::bad(format!("invalid mount config for type \"{kind}\": {why}"))
    };
    let target = target_path(&mount.target, &mount.target)
        .map_err(|refusal| invalid(&refusal.message))?;
    let mut options = vec!["rbind".to_owned(), "rprivate".to_owned()];
    let source = match kind.as_str() {
        "bind" => {
            let path = clean(source).ok_or_else(|| {
                invalid(&format!(
                    "invalid mount path: '{source}' mount path must be absolute"
                ))
            })?;
            let bind = mount.bind_options.clone().unwrap_or_default();
            options = bind_options(&bind).map_err(|why| invalid(&why))?;
            Source::Host {
                path,
                create: bind.create_mountpoint,
            }
        }
        "volume" if source.is_empty() => {
            return Err(Refusal::unsupported(
                "volumes without a name are not supported",
            ));
        }
        "volume" => {
            check_volume_name(source)?;
            Source::Volume(source.clone())
        }
        "tmpfs" if source.is_empty() => {
            let of_tmpfs = mount.tmpfs_options.clone().unwrap_or_default();
            options = tmpfs_options("");
            if of_tmpfs.size_bytes > 0 {
                options.push(format!("size={}", of_tmpfs.size_bytes));
            }
            if of_tmpfs.mode > 0 {
                options.push(format!("mode={:o}", of_tmpfs.mode));
            }
            Source::Tmpfs
        }
        "tmpfs" => return Err(invalid("field Source must not be specified")),
        _ => return Err(Refusal::bad(format!("mount type unknown: \"{kind}\""))),
    };
    if mount.read_only {
        options.push("ro".into());
    }
    Ok(Planned {
        source,
        target,
        options,
        mode: String::new(),
    })
}

fn bind_options(bind: &BindOptions) -> Result<Vec<String>, String> {
    let kind = if bind.non_recursive { "bind" } else { "rbind" };
    let propagation = match bind.propagation.as_str() {
        "" => "rprivate",
        word if is_propagation(word) => word,
        word => return Err(format!("invalid propagation mode: {word}")),
    };
    Ok(vec![kind.to_owned(), propagation.to_owned()])
}

fn tmpfs_options(typed: &str) -> Vec<String> {
    let typed = typed.split(',').filter(|word| !word.is_empty());
    ["noexec", "nosuid", "nodev"]
        .into_iter()
        .chain(typed)
        .map(str::to_owned)
        .collect()
}

fn target_path(text: &str, specification: &str) -> Result<PathBuf, Refusal> {
    let path = clean(text).ok_or_else(|| {
        Refusal::bad(format!(
            "invalid mount path: '{text}' mount path must be absolute"
        ))
    })?;
    if path == Path::new("/") {
        return Err(Refusal::bad(format!(
            "invalid volume specification: '{specification}': invalid mount config: \
             destination can't be '/'"
        )));
    }
    Ok(path)
}

/// An absolute path without `.`, `..` and double slashes, as far as text can tell.
fn clean(text: &str) -> Option<PathBuf> {
    if !text.starts_with('/') || text.contains('\0') {
        return None;
    }
    let mut path = PathBuf::from("/");
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => drop(path.pop()),
            _ => {}
        }
    }
    Some(path)
}

fn is_propagation(word: &str) -> bool {
    let kind = word.strip_prefix('r').unwrap_or(word);
    matches!(kind, "private" | "shared" | "slave")
}

#[cfg(test)]
mod tests;
