//! The root filesystem and what is mounted in it, as data.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mounts::{DeviceKind, Mount, Propagation};
use oci_spec::runtime::{Linux, LinuxNamespaceType, Spec};
use privileges::IdMap;

use super::maps;
use crate::spec::Bundle;

/// The tree of mounts that the container sees.
#[derive(Debug)]
pub struct Tree {
    /// The root filesystem, absolute.
    pub root: PathBuf,
    /// Whether it is read-only.
    pub read_only: bool,
    /// How the root's mount events travel.
    pub propagation: Propagation,
    /// The mounts, in their order.
    pub mounts: Vec<Mount>,
    /// The label of SELinux's that new file systems get.
    pub label: Option<String>,
    /// Which of them have other ids for their files, and which.
    pub id_maps: Vec<(usize, IdMaps)>,
    /// Devices beside the default ones.
    pub devices: Vec<mounts::Device>,
    /// Paths to hide.
    pub masked: Vec<PathBuf>,
    /// Paths to write-protect.
    pub read_only_paths: Vec<PathBuf>,
}

/// Where the ids of a mount's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdMaps {
    /// Maps of users and of groups.
    Given(Vec<IdMap>, Vec<IdMap>),
    /// Those of a user namespace, by its file.
    Of(PathBuf),
}

impl Tree {
    /// Whether `/dev` is the container's own, to be furnished; one that is bound from the
    /// host is the host's, and stays as it is.
    #[must_use]
    pub fn has_own_dev(&self) -> bool {
        let on_dev = self
            .mounts
            .iter()
            .rfind(|mount| mount.target == Path::new("/dev"));
        let bound = |option: &String| option == "bind" || option == "rbind";
        on_dev.is_none_or(|mount| !mount.options.iter().any(bound))
    }
}

pub(super) fn tree(bundle: &Bundle, linux: &Linux) -> Result<Tree> {
    let spec: &Spec = &bundle.spec;
    let root = bundle.rootfs()?;
    let folder = root
        .canonicalize()
        .with_context(|| format!("open the root filesystem {}", root.display()))
        .context("config.json: root.path")?;
    ensure!(
        folder.is_dir(),
        "config.json: root.path: the root filesystem {} is not a directory",
        root.display()
    );
    for (place, mount) in spec.mounts().iter().flatten().enumerate() {
        let target = mount.destination();
        ensure!(
            target.is_absolute(),
            "config.json: mounts[{place}].destination {target:?} is not an absolute path"
        );
    }
    let mounts = spec.mounts().iter().flatten().map(|mount| Mount {
        source: mount.source().clone(),
        target: mount.destination().clone(),
        fstype: mount.typ().clone(),
        options: mount.options().clone().unwrap_or_default(),
        id_mapped: None,
    });
    let label = linux.mount_label().clone().filter(|text| !text.is_empty());
    let mounts = mounts.map(|mount| labelled(mount, label.as_deref()));
    let propagation = match linux.rootfs_propagation() {
        None => Propagation::RSLAVE,
        Some(word) => Propagation::parse(word)
            .with_context(|| format!("config.json: rootfsPropagation {word:?}"))?,
    };
    Ok(Tree {
        root: folder,
        read_only: spec
            .root()
            .as_ref()
            .and_then(oci_spec::runtime::Root::readonly)
            == Some(true),
        propagation,
        mounts: mounts.collect(),
        label: label.clone(),
        id_maps: id_maps(spec, linux)?,
        devices: linux
            .devices()
            .iter()
            .flatten()
            // A link to the container's own, which is made with its default devices.
            .filter(|device| device.path() != Path::new("/dev/ptmx"))
            .map(device)
            .collect::<Result<_>>()?,
        masked: paths("maskedPaths", linux.masked_paths())?,
        read_only_paths: paths("readonlyPaths", linux.readonly_paths())?,
    })
}

fn paths(field: &str, list: &Option<Vec<String>>) -> Result<Vec<PathBuf>> {
    let paths = list.iter().flatten().map(|path| {
        let is_absolute = path.starts_with('/');
        ensure!(
            is_absolute,
            "config.json: linux.{field}: {path:?} is not absolute"
        );
        Ok(PathBuf::from(path))
    });
    paths.collect()
}

/// A new file system whose files shall all have the label. Those of the kernel's own have
/// labels by rules, a bind has those of its source.
fn labelled(mut mount: Mount, label: Option<&str>) -> Mount {
    let kind = mount.fstype.as_deref().unwrap_or("none");
    let takes = ["tmpfs", "devpts", "ramfs", "hugetlbfs"].contains(&kind);
    if let (Some(label), true) = (label, takes) {
        mount.options.push(format!("context={label}"));
    }
    mount
}

fn id_maps(spec: &Spec, linux: &Linux) -> Result<Vec<(usize, IdMaps)>> {
    let mut all = Vec::new();
    for (place, mount) in spec.mounts().iter().flatten().enumerate() {
        let words = mount.options().iter().flatten();
        let asked = words
            .filter(|word| matches!(word.as_str(), "idmap" | "ridmap"))
            .count()
            > 0;
        let (uid, gid) = (maps(mount.uid_mappings()), maps(mount.gid_mappings()));
        let target = mount.destination().display();
        ensure!(
            uid.is_empty() == gid.is_empty(),
            "config.json: the mount on {target} needs both uidMappings and gidMappings"
        );
        if !uid.is_empty() {
            all.push((place, IdMaps::Given(uid, gid)));
        } else if asked {
            let own = of_container(linux).with_context(|| {
                format!(
                    "config.json: the mount on {target} is to be id-mapped: by which \
                     maps? It has none, nor has the container a user namespace"
                )
            })?;
            all.push((place, own));
        }
    }
    Ok(all)
}

/// The container's own maps: of the user namespace that is made, or that is joined.
fn of_container(linux: &Linux) -> Option<IdMaps> {
    let mut namespaces = linux.namespaces().iter().flatten();
    let user = namespaces.find(|one| one.typ() == LinuxNamespaceType::User)?;
    match user.path() {
        Some(path) if !path.as_os_str().is_empty() => Some(IdMaps::Of(path.clone())),
        _ => {
            let (uid, gid) = (maps(linux.uid_mappings()), maps(linux.gid_mappings()));
            Some(IdMaps::Given(uid, gid))
        }
    }
}

fn device(given: &oci_spec::runtime::LinuxDevice) -> Result<mounts::Device> {
    use oci_spec::runtime::LinuxDeviceType;
    let kind = match given.typ() {
        LinuxDeviceType::B => DeviceKind::Block,
        LinuxDeviceType::C | LinuxDeviceType::U => DeviceKind::Character,
        LinuxDeviceType::P => DeviceKind::Fifo,
        LinuxDeviceType::A => {
            bail!(
                "config.json: the device {} has no kind",
                given.path().display()
            )
        }
    };
    let number =
        |number: i64| u32::try_from(number).context("a device's number is out of range");
    Ok(mounts::Device {
        path: given.path().clone(),
        kind,
        major: number(given.major())?,
        minor: number(given.minor())?,
        mode: given.file_mode().unwrap_or(0o666),
        uid: given.uid().unwrap_or(0),
        gid: given.gid().unwrap_or(0),
    })
}
