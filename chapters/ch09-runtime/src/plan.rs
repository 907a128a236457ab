//! From `config.json` to what is to be done, as data; nothing is touched here.
//!
//! A field that this runtime does not act on is an error that names it: a container
//! that is less confined than its specification says must not start.

pub(crate) mod limits;
mod process;
mod sysctls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cgroups::Limits;
use mounts::{DeviceKind, Mount, Propagation};
use namespaces::{Namespace, Namespaces};
use oci_spec::runtime::{Linux, LinuxIdMapping, LinuxNamespaceType, Spec};
use privileges::IdMap;

use crate::spec::Bundle;

pub use process::{Confinement, Identity, Process};

/// All that is to be done for a container.
#[derive(Debug)]
pub struct Plan {
    /// The namespaces to make.
    pub namespaces: Namespaces,
    /// The namespaces to join, by their files.
    pub joined: Vec<(Namespace, PathBuf)>,
    /// Ids, when a user namespace is made.
    pub uid_maps: Vec<IdMap>,
    /// And those of groups.
    pub gid_maps: Vec<IdMap>,
    /// Host and domain name.
    pub names: (Option<String>, Option<String>),
    /// What is mounted where.
    pub tree: Tree,
    /// Kernel parameters of the container's namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// The cgroup's path below each hierarchy, and what it is limited to.
    pub cgroup: PathBuf,
    /// See `cgroup`.
    pub limits: Limits,
    /// The process to run, unless the bundle names none.
    pub process: Process,
}

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
    /// Devices beside the default ones.
    pub devices: Vec<mounts::Device>,
    /// Paths to hide.
    pub masked: Vec<PathBuf>,
    /// Paths to write-protect.
    pub read_only_paths: Vec<PathBuf>,
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

impl Plan {
    /// Makes the plan of a bundle, for a container named `id`.
    ///
    /// # Errors
    /// When a field is missing, contradicts another, or is one that is not acted on.
    pub fn of(bundle: &Bundle, id: &str) -> Result<Self> {
        let spec = &bundle.spec;
        let linux = spec
            .linux()
            .as_ref()
            .context("config.json has no linux section")?;
        refuse_unsupported(linux)?;
        let (made, joined) = namespaces(linux)?;
        let (uid_maps, gid_maps) =
            (maps(linux.uid_mappings()), maps(linux.gid_mappings()));
        let user_made = made.has(Namespace::User);
        ensure!(
            user_made || uid_maps.is_empty(),
            "linux.uidMappings are given, but no new user namespace"
        );
        ensure!(
            !user_made || !uid_maps.is_empty(),
            "a new user namespace is asked for without linux.uidMappings"
        );
        let names = (spec.hostname().clone(), spec.domainname().clone());
        let uts = made.has(Namespace::Uts)
            || joined.iter().any(|(kind, _)| *kind == Namespace::Uts);
        ensure!(
            uts || names == (None, None),
            "unable to set hostname without a private UTS namespace"
        );
        let plan = Self {
            namespaces: made,
            joined,
            uid_maps,
            gid_maps,
            names,
            tree: tree(bundle, linux)?,
            sysctls: linux
                .sysctl()
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            cgroup: cgroup_path(linux, id),
            limits: limits::of(linux.resources().as_ref())?,
            process: Process::of(
                spec.process()
                    .as_ref()
                    .context("config.json has no process")?,
                linux.seccomp().as_ref(),
            )?,
        };
        sysctls::check(&plan)?;
        Ok(plan)
    }

    /// Whether the container gets a namespace of this kind, new or joined.
    #[must_use]
    pub fn has(&self, kind: Namespace) -> bool {
        self.namespaces.has(kind) || self.joined.iter().any(|(joined, _)| *joined == kind)
    }
}

fn refuse_unsupported(linux: &Linux) -> Result<()> {
    let refused = [
        ("linux.intelRdt", linux.intel_rdt().is_some()),
        ("linux.personality", linux.personality().is_some()),
        ("linux.memoryPolicy", linux.memory_policy().is_some()),
        (
            "linux.netDevices",
            linux.net_devices().as_ref().is_some_and(|d| !d.is_empty()),
        ),
        (
            "linux.mountLabel",
            linux.mount_label().as_ref().is_some_and(|l| !l.is_empty()),
        ),
        ("linux.timeOffsets", linux.time_offsets().is_some()),
    ];
    match refused.iter().find(|(_, given)| *given) {
        Some((field, _)) => bail!("config.json: {field} is not supported"),
        None => Ok(()),
    }
}

type Joined = Vec<(Namespace, PathBuf)>;

fn namespaces(linux: &Linux) -> Result<(Namespaces, Joined)> {
    let (mut made, mut joined) = (Namespaces::NONE, Vec::new());
    let mut seen = Namespaces::NONE;
    for namespace in linux.namespaces().iter().flatten() {
        let kind = kind(namespace.typ());
        ensure!(
            !seen.has(kind),
            "config.json: two {} namespaces",
            kind.file()
        );
        seen = seen.with(kind);
        match namespace.path() {
            Some(path) if !path.as_os_str().is_empty() => {
                joined.push((kind, path.clone()))
            }
            _ => made = made.with(kind),
        }
    }
    // Without a mount namespace every mount below would be the host's.
    ensure!(
        made.has(Namespace::Mount),
        "config.json: a new mount namespace is needed"
    );
    joined.sort_by_key(|(kind, _)| Namespace::ALL.iter().position(|other| other == kind));
    Ok((made, joined))
}

fn kind(named: LinuxNamespaceType) -> Namespace {
    match named {
        LinuxNamespaceType::Mount => Namespace::Mount,
        LinuxNamespaceType::Cgroup => Namespace::Cgroup,
        LinuxNamespaceType::Uts => Namespace::Uts,
        LinuxNamespaceType::Ipc => Namespace::Ipc,
        LinuxNamespaceType::User => Namespace::User,
        LinuxNamespaceType::Pid => Namespace::Pid,
        LinuxNamespaceType::Network => Namespace::Net,
        LinuxNamespaceType::Time => Namespace::Time,
    }
}

fn maps(given: &Option<Vec<LinuxIdMapping>>) -> Vec<IdMap> {
    let map = |map: &LinuxIdMapping| IdMap {
        inside: map.container_id(),
        outside: map.host_id(),
        count: map.size(),
    };
    given.iter().flatten().map(map).collect()
}

fn tree(bundle: &Bundle, linux: &Linux) -> Result<Tree> {
    let spec: &Spec = &bundle.spec;
    let root = bundle.rootfs()?;
    let folder = root
        .canonicalize()
        .with_context(|| format!("open the root filesystem {}", root.display()))?;
    ensure!(
        folder.is_dir(),
        "the root filesystem {} is not a directory",
        root.display()
    );
    let mounts = spec.mounts().iter().flatten().map(|mount| Mount {
        source: mount.source().clone(),
        target: mount.destination().clone(),
        fstype: mount.typ().clone(),
        options: mount.options().clone().unwrap_or_default(),
    });
    let propagation = match linux.rootfs_propagation() {
        None => Propagation::RSLAVE,
        Some(word) => Propagation::parse(word)
            .with_context(|| format!("config.json: rootfsPropagation {word:?}"))?,
    };
    let paths =
        |list: &Option<Vec<String>>| list.iter().flatten().map(PathBuf::from).collect();
    Ok(Tree {
        root: folder,
        read_only: spec
            .root()
            .as_ref()
            .and_then(oci_spec::runtime::Root::readonly)
            == Some(true),
        propagation,
        mounts: mounts.collect(),
        devices: linux
            .devices()
            .iter()
            .flatten()
            // A link to the container's own, which is made with its default devices.
            .filter(|device| device.path() != Path::new("/dev/ptmx"))
            .map(device)
            .collect::<Result<_>>()?,
        masked: paths(linux.masked_paths()),
        read_only_paths: paths(linux.readonly_paths()),
    })
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

/// Where the container's cgroup is: as told, or at the top under the container's name.
fn cgroup_path(linux: &Linux, id: &str) -> PathBuf {
    match linux.cgroups_path() {
        Some(path) if !path.as_os_str().is_empty() => path.clone(),
        _ => PathBuf::from("/").join(id),
    }
}
