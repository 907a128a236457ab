//! Reading `config.json` (runtime-spec, config.md), and writing a first one.

mod field;
mod unknown;

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::errno::Errno;
use oci_spec::runtime::Spec;
use serde_json::{Value, json};
pub use unknown::process;

/// The version of the specification that this runtime follows.
pub const OCI_VERSION: &str = "1.3.0";

/// The version in the bundles that are written here: the oldest that has all that is in
/// them, so that older runtimes take them.
pub const WRITTEN_VERSION: &str = "1.0.2";

/// The annotation by which a bundle asks for an init: `true` keeps the container's first
/// process as one, and the program becomes its child.
pub const INIT: &str = "org.skiff.init";

/// A `config.json` is no larger (bytes); of a larger one no more is read.
const LARGEST: u64 = 8 << 20;

/// A bundle that was read.
#[derive(Debug)]
pub struct Bundle {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// What its `config.json` says.
    pub spec: Spec,
    /// The capabilities that it says and nobody knows; they are not in `spec`.
    pub unknown: Vec<String>,
}

impl Bundle {
    /// Reads the bundle in `folder`.
    ///
    /// # Errors
    /// When `config.json` is missing, too large, not JSON, or not for Linux.
    pub fn load(folder: &Path) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("open the bundle {}", folder.display()))?;
        let path = folder.join("config.json");
        let text = read(&path).map_err(|error| match error.downcast_ref() {
            Some(Errno::ENOENT) => {
                anyhow!("JSON specification file {} not found", path.display())
            }
            _ => error,
        })?;
        Self::parse(folder, &text)
            .with_context(|| format!("understand {}", path.display()))
    }

    /// Takes what the `config.json` of a bundle in `folder` says.
    ///
    /// # Errors
    /// When it is not JSON, or not for Linux.
    pub fn parse(folder: PathBuf, config: &[u8]) -> Result<Self> {
        // A list would be taken as well: as the fields in their order.
        ensure!(
            !config.trim_ascii_start().starts_with(b"["),
            "it is a list, and should be an object"
        );
        let (spec, unknown) = match serde_json::from_slice(config) {
            Ok(spec) => (spec, Vec::new()),
            Err(wrong) => unknown::set_aside(config)
                .ok_or_else(|| field::placed(config, wrong))
                .context("parse it")?,
        };
        check(&spec)?;
        Ok(Self {
            folder,
            spec,
            unknown,
        })
    }

    /// Tells of what is left out.
    pub(crate) fn warn(&self, warn: fn(&str)) {
        unknown::tell(&self.unknown, warn);
    }

    /// The root filesystem: relative to the bundle, or absolute.
    ///
    /// # Errors
    /// When the file names none.
    pub fn rootfs(&self) -> Result<PathBuf> {
        let root = self
            .spec
            .root()
            .as_ref()
            .context("config.json has no root")?;
        let named = !root.path().as_os_str().is_empty();
        ensure!(named, "config.json: root.path is empty");
        Ok(self.folder.join(root.path()))
    }
}

/// Reads a file of JSON: a regular one, and no larger than a `config.json` may be.
///
/// # Errors
/// When it is not such a file; ENOENT is the source if it is not there.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    // A FIFO would keep us waiting for a writer.
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
        .with_context(|| format!("open {shown}"))?;
    let kind = file
        .metadata()
        .with_context(|| format!("look at {shown}"))?;
    ensure!(kind.is_file(), "{shown} is not a regular file");
    let expected = kind.len().min(LARGEST) + 1;
    let mut text = Vec::with_capacity(usize::try_from(expected)?);
    file.take(LARGEST + 1)
        .read_to_end(&mut text)
        .with_context(|| format!("read {shown}"))?;
    let size = text.len() as u64;
    ensure!(size <= LARGEST, "{shown} has more than {LARGEST} bytes");
    Ok(text)
}

fn check(spec: &Spec) -> Result<()> {
    let major = spec.version().split('.').next().unwrap_or_default();
    // A newer minor version is taken as it is, and judged field by field.
    ensure!(!major.is_empty(), "ociVersion is missing");
    ensure!(major == "1", "ociVersion {:?} is not 1.x", spec.version());
    if spec.linux().is_none() {
        bail!("it has no linux section: this is a bundle for another platform");
    }
    Ok(())
}

/// Takes a container's name.
///
/// # Errors
/// When it could not be the name of a folder: runc's rule, letters, digits and `+-_.`
pub fn check_id(id: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte);
    let good = !id.is_empty() && id.len() <= 1024 && id != "." && id != "..";
    ensure!(
        good && id.bytes().all(allowed),
        "invalid container ID format: {id:?}"
    );
    Ok(())
}

/// A first `config.json`, as `spec` writes it: a shell in a root of its own.
#[must_use]
pub fn example(rootless: bool) -> Value {
    let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    let mut namespaces = vec!["pid", "ipc", "uts", "mount", "cgroup"];
    namespaces.push(if rootless { "user" } else { "network" });
    let kinds: Vec<_> = namespaces
        .iter()
        .map(|kind| json!({ "type": kind }))
        .collect();
    let mut spec = json!({
        "ociVersion": WRITTEN_VERSION,
        "process": {
            "terminal": true,
            "user": { "uid": 0, "gid": 0 },
            "args": ["sh"],
            "env": [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "TERM=xterm",
            ],
            "cwd": "/",
            "capabilities": {
                "bounding": capabilities,
                "effective": capabilities,
                "permitted": capabilities,
            },
            "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
            "noNewPrivileges": true,
        },
        "root": { "path": "rootfs", "readonly": true },
        "hostname": "skiff",
        "mounts": example_mounts(rootless),
        "linux": {
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "namespaces": kinds,
            "maskedPaths": mounts::MASKED,
            "readonlyPaths": mounts::READ_ONLY,
        },
    });
    if rootless {
        let me = |id: u32| json!([{ "containerID": 0, "hostID": id, "size": 1 }]);
        spec["linux"]["uidMappings"] = me(nix::unistd::geteuid().as_raw());
        spec["linux"]["gidMappings"] = me(nix::unistd::getegid().as_raw());
        // Without root there is no device to forbid and no cgroup to forbid it in.
        spec["linux"]["resources"] = json!({});
    }
    spec
}

fn example_mounts(rootless: bool) -> Value {
    let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
    let pts: &[&str] = if rootless {
        &[
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
        ]
    } else {
        &[
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5",
        ]
    };
    let sys = if rootless {
        // A sysfs shows a network namespace; without a new one there is none to mount.
        mount(
            "/sys",
            "none",
            &["rbind", "nosuid", "noexec", "nodev", "ro"],
        )
    } else {
        mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"])
    };
    let mut list = json!([
        mount("/proc", "proc", &[]),
        mount(
            "/dev",
            "tmpfs",
            &["nosuid", "strictatime", "mode=755", "size=65536k"]
        ),
        mount("/dev/pts", "devpts", pts),
        mount(
            "/dev/shm",
            "tmpfs",
            &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
        ),
        mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        sys,
    ]);
    if rootless {
        list[5]["source"] = json!("/sys");
    } else if let Some(list) = list.as_array_mut() {
        let options = ["nosuid", "noexec", "nodev", "relatime", "ro"];
        list.push(mount("/sys/fs/cgroup", "cgroup", &options));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_specification() {
        for rootless in [false, true] {
            let spec: Spec = serde_json::from_value(example(rootless)).unwrap();
            check(&spec).unwrap();
        }
    }

    #[test]
    fn names_that_are_paths_are_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "a b", "ü", "a\n"] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
        check_id("web-1_a.b+c").unwrap();
    }

    #[test]
    fn a_newer_minor_version_is_taken_and_another_major_is_not() {
        let mut text = example(false);
        text["ociVersion"] = json!("1.9.0-dev");
        check(&serde_json::from_value(text.clone()).unwrap()).unwrap();
        text["ociVersion"] = json!("2.0.0");
        assert!(check(&serde_json::from_value(text).unwrap()).is_err());
    }
}
