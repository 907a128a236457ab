//! A container as an OCI bundle: `config.json` (runtime-spec, config.md).
//!
//! What is written here is what the runtime does, no more and no less; docker's
//! defaults, where docker has some. The parts: [`process`](mod@process) is who runs and
//! what he may do, [`mounts`] what he sees, [`resources`] how much he gets, and
//! [`users`] finds him in the image's files.

mod init;
mod mounts;
mod names;
mod process;
mod resources;
mod users;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::Roots;
use super::machine::Machine;
use crate::core::security::SecurityOption;
use crate::core::{Container, Refusal};

pub(super) use process::process;

/// Not the newest version that the runtime knows: others refuse what is newer than
/// they are, and nothing in here is.
const OCI_VERSION: &str = "1.0.2";

/// The `config.json` of a container whose files are in `layers`, the topmost first.
///
/// # Errors
/// A user whom the image does not know; a source of a mount that cannot be made.
pub(super) fn spec(
    container: &Container,
    roots: &Roots,
    machine: &Machine,
    layers: &[&Path],
) -> Result<Value> {
    let host = &container.host;
    let privileged = host.privileged;
    let capabilities = process::capabilities(container)?;
    let paths = |asked: &Option<Vec<String>>, default: &[&str]| match asked {
        Some(paths) => json!(paths),
        None if privileged => json!([]),
        None => json!(default),
    };
    let mut linux = json!({
        "namespaces": namespaces(container),
        "resources": resources::resources(container, machine),
        "cgroupsPath": cgroup_path(&container.id),
        "maskedPaths": paths(&host.masked_paths, &::mounts::MASKED),
        "readonlyPaths": paths(&host.readonly_paths, &::mounts::READ_ONLY),
        "sysctl": resources::sysctls(container, machine),
        "rootfsPropagation": mounts::root_propagation(container),
    });
    if let Some(filter) = seccomp(container, capabilities)? {
        linux["seccomp"] = filter;
    }
    let mut spec = json!({
        "ociVersion": OCI_VERSION,
        "process": process(container, machine, layers)?,
        "root": { "path": "rootfs", "readonly": host.readonly_rootfs },
        "mounts": mounts::mounts(container, roots, machine)?,
        "linux": linux,
        "annotations": host.annotations,
    });
    if host.uts_mode != "host" {
        spec["hostname"] = json!(container.config.hostname);
        if !container.config.domainname.is_empty() {
            spec["domainname"] = json!(container.config.domainname);
        }
    }
    if host.annotations.is_null() {
        spec["annotations"] = json!({});
    }
    if host.init == Some(true) {
        init::add(&mut spec, external_runtime(&host.runtime)?.is_none())?;
    }
    Ok(spec)
}

/// Where a container's cgroup is, from the root of the hierarchy.
pub(super) fn cgroup_path(id: &str) -> String {
    format!("{}/{id}", cgroup_parent())
}

/// The folder of all containers' cgroups.
pub(super) fn cgroup_parent() -> String {
    let parent = std::env::var("SKIFF_CGROUP_PARENT").unwrap_or_else(|_| "skiff".into());
    format!("/{}", parent.trim_matches('/'))
}

/// The runtime that is asked for, unless it is ours: a path, or a name in the system's
/// folders.
///
/// # Errors
/// There is no such program.
pub(super) fn external_runtime(name: &str) -> Result<Option<PathBuf>, Refusal> {
    if matches!(
        name,
        "" | "skiff" | "skiff-runtime" | "io.containerd.runc.v2"
    ) {
        return Ok(None);
    }
    let found = match name.starts_with('/') {
        true => Some(PathBuf::from(name)),
        false if name.contains('/') => None,
        false => ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.is_file()),
    };
    match found.filter(|path| path.is_file()) {
        Some(path) => Ok(Some(path)),
        None => Err(Refusal::bad(format!(
            "unknown or invalid runtime name: {name}"
        ))),
    }
}

fn namespaces(container: &Container) -> Value {
    let host = &container.host;
    let kinds = [
        ("mount", true),
        ("pid", host.pid_mode != "host"),
        ("ipc", host.ipc_mode != "host"),
        ("uts", host.uts_mode != "host"),
        ("network", host.network_mode != "host"),
        // Docker gives privileged containers the host's, unless told.
        ("cgroup", host.cgroupns_mode != "host"),
    ];
    let made = kinds.iter().filter(|(_, made)| *made);
    made.map(|(kind, _)| json!({ "type": kind })).collect()
}

fn seccomp(
    container: &Container,
    capabilities: privileges::CapSet,
) -> Result<Option<Value>> {
    use privileges::seccomp::{self, Machine as Arch, Profile};
    let mut profile = None;
    for option in &container.host.security_opt {
        match SecurityOption::parse(option)? {
            SecurityOption::SeccompUnconfined => return Ok(None),
            SecurityOption::Seccomp(own) => profile = Some(own),
            _ => {}
        }
    }
    let filter = match profile {
        Some(own) => {
            let machine = Arch::this(capabilities);
            Profile::parse(&own.to_string())?.resolve(&machine)
        }
        None if container.host.privileged => return Ok(None),
        None => seccomp::default_profile(&capabilities),
    };
    Ok(Some(serde_json::to_value(filter)?))
}

#[cfg(test)]
mod tests;
