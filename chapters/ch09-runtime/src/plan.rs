//! From `config.json` to what is to be done, as data; nothing is touched here.
//!
//! A field that this runtime does not act on is an error that names it: a container
//! that is less confined than its specification says must not start.

pub(crate) mod limits;
mod process;
mod sysctls;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use cgroups::Limits;
use cgroups::systemd::{Unit, is_rootless};
use namespaces::time::Offset;
use namespaces::{Namespace, Namespaces};
use nix::sys::personality::Persona;
use oci_spec::runtime::{
    Linux, LinuxIdMapping, LinuxNamespaceType, LinuxPersonality, LinuxPersonalityDomain,
    LinuxTimeOffset, Spec,
};
use privileges::IdMap;

use crate::hooks;
use crate::spec::{Bundle, INIT};

pub use process::{Confinement, Identity, Process};
use tree::tree;
pub use tree::{IdMaps, Tree};

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
    /// How far the clocks of a new time namespace are ahead: monotonic, boottime.
    pub time_offsets: Option<(Offset, Offset)>,
    /// Which kernel the programs believe to run on.
    pub personality: Option<Persona>,
    /// Host and domain name.
    pub names: (Option<String>, Option<String>),
    /// What is mounted where.
    pub tree: Tree,
    /// Kernel parameters of the container's namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// The cgroup's path below each hierarchy, and what it is limited to.
    pub cgroup: PathBuf,
    /// The unit that systemd is to make for it, if it is.
    pub unit: Option<Unit>,
    /// See `cgroup`.
    pub limits: Limits,
    /// Interfaces of the host's to take over, and what they are called in the container.
    /// They stay in its network namespace, also when that was joined and outlives it.
    pub net_devices: Vec<(String, String)>,
    /// Whether an init stays before the program (see [`INIT`]).
    pub init: bool,
    /// The process to run, unless the bundle names none.
    pub process: Process,
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
        hooks::check(spec.hooks().as_ref())?;
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
        ensure!(
            linux.time_offsets().is_none() || made.has(Namespace::Time),
            "config.json: linux.timeOffsets are given, but no new time namespace"
        );
        let word = |given: &Option<String>| given.clone().filter(|name| !name.is_empty());
        let plan = Self {
            namespaces: made,
            joined,
            uid_maps,
            gid_maps,
            time_offsets: time_offsets(linux)?,
            personality: linux.personality().as_ref().map(persona).transpose()?,
            names: (word(spec.hostname()), word(spec.domainname())),
            tree: tree(bundle, linux)?,
            sysctls: linux
                .sysctl()
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            cgroup: cgroup_path(linux, id),
            unit: None,
            limits: limits::of(linux.resources().as_ref())?,
            net_devices: net_devices(linux),
            init: asks_for_init(spec)?,
            process: Process::of(
                spec.process()
                    .as_ref()
                    .context("config.json has no process")?,
                linux,
            )?,
        };
        sysctls::check(&plan)?;
        plan.check_belongings()?;
        Ok(plan)
    }

    /// Has systemd make the cgroup: then `linux.cgroupsPath` is no path, but says where
    /// systemd puts it.
    ///
    /// # Errors
    /// When it does not say that.
    pub(crate) fn give_to_systemd(&mut self, bundle: &Bundle, id: &str) -> Result<()> {
        let linux = bundle.spec.linux().as_ref();
        let path = linux.and_then(|linux| linux.cgroups_path().as_ref());
        let path = path.map(|path| path.to_string_lossy());
        let unit = Unit::parse(path.as_deref().unwrap_or(""), id)?;
        self.cgroup = unit.place(is_rootless()).into();
        self.unit = Some(unit);
        Ok(())
    }

    /// Refuses what would change the host, were it done without a namespace for it.
    fn check_belongings(&self) -> Result<()> {
        ensure!(
            self.has(Namespace::Uts) || self.names == (None, None),
            "unable to set hostname without a private UTS namespace"
        );
        ensure!(
            self.has(Namespace::Net) || self.net_devices.is_empty(),
            "config.json: linux.netDevices are given, but no network namespace"
        );
        Ok(())
    }

    /// Whether the container gets a namespace of this kind, new or joined.
    #[must_use]
    pub fn has(&self, kind: Namespace) -> bool {
        self.namespaces.has(kind) || self.joined.iter().any(|(joined, _)| *joined == kind)
    }
}

fn asks_for_init(spec: &Spec) -> Result<bool> {
    let annotations = spec.annotations().as_ref();
    match annotations
        .and_then(|all| all.get(INIT))
        .map(String::as_str)
    {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => bail!("config.json: annotations[{INIT}] is {other:?}, not true"),
    }
}

/// The one section that nothing is done about (resctrl, on some processors).
fn refuse_unsupported(linux: &Linux) -> Result<()> {
    ensure!(
        linux.intel_rdt().is_none(),
        "config.json: linux.intelRdt is not supported"
    );
    Ok(())
}

/// Interfaces to take over from the host: what they are called there and in here.
fn net_devices(linux: &Linux) -> Vec<(String, String)> {
    let mut devices: Vec<_> = linux
        .net_devices()
        .iter()
        .flatten()
        .map(|(link, device)| {
            let name = device.name().clone().filter(|name| !name.is_empty());
            (link.clone(), name.unwrap_or_else(|| link.clone()))
        })
        .collect();
    devices.sort();
    devices
}

/// Offsets of the clocks, for a new time namespace only: in another's they stand.
fn time_offsets(linux: &Linux) -> Result<Option<(Offset, Offset)>> {
    let Some(given) = linux.time_offsets() else {
        return Ok(None);
    };
    for clock in given.keys() {
        ensure!(
            clock == "monotonic" || clock == "boottime",
            "config.json: linux.timeOffsets: no offset can be given to {clock:?}"
        );
    }
    let of = |clock: &str| {
        let offset = given.get(clock);
        Offset {
            seconds: offset.and_then(LinuxTimeOffset::secs).unwrap_or(0),
            nanoseconds: offset.and_then(LinuxTimeOffset::nanosecs).unwrap_or(0),
        }
    };
    Ok(Some((of("monotonic"), of("boottime"))))
}

fn persona(given: &LinuxPersonality) -> Result<Persona> {
    ensure!(
        given.flags().as_ref().is_none_or(Vec::is_empty),
        "config.json: linux.personality.flags are not supported"
    );
    Ok(match given.domain() {
        LinuxPersonalityDomain::PerLinux => Persona::empty(),
        // PER_LINUX32 of personality(2).
        LinuxPersonalityDomain::PerLinux32 => Persona::from_bits_retain(0x0008),
    })
}

type Joined = Vec<(Namespace, PathBuf)>;

fn namespaces(linux: &Linux) -> Result<(Namespaces, Joined)> {
    let (mut made, mut joined) = (Namespaces::NONE, Vec::new());
    let mut seen = Namespaces::NONE;
    for namespace in linux.namespaces().iter().flatten() {
        let kind = kind(namespace.typ());
        ensure!(
            !seen.has(kind),
            "config.json: linux.namespaces: two {} namespaces",
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
        "config.json: linux.namespaces: a new mount namespace is needed"
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

/// Where the container's cgroup is: as told, or at the top under the container's name.
fn cgroup_path(linux: &Linux, id: &str) -> PathBuf {
    match linux.cgroups_path() {
        Some(path) if !path.as_os_str().is_empty() => path.clone(),
        _ => PathBuf::from("/").join(id),
    }
}
