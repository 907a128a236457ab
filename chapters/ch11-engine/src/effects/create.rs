//! `create`: everything is checked, then written down; nothing runs yet.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::roots::make_folder;
use super::{Engine, random_id};
use crate::api::{CreateRequest, Created};
use crate::core::container::{State, short};
use crate::core::mounts::{Planned, Source};
use crate::core::{Container, Kind, Refusal, Report, check, merge, mounts, names};

impl Engine {
    /// Makes a container of a name (one is found if `name` is empty) and a request.
    ///
    /// # Errors
    /// Whatever is wrong with the request; a name that is taken; an image that is not
    /// there.
    pub fn create(&self, name: &str, request: CreateRequest) -> Result<Created, Refusal> {
        if request.config.image.is_empty() {
            return Err(Refusal::bad("no image specified"));
        }
        let mut warnings = check::request(&request, self.machine.cpus)?;
        warnings.extend(self.check_machine(&request)?);
        let image = self.image(&request.config.image)?;
        let CreateRequest {
            config,
            host_config: host,
            ..
        } = request;
        let mut config = merge::with_image(config, &image.config)?;
        let planned = mounts::plan(&host)?;
        check_sources(&planned)?;
        let id = self.unused_id()?;
        if config.hostname.is_empty() {
            config.hostname = match host.network_mode.as_str() {
                "host" => self.machine.name.clone(),
                _ => short(&id).to_owned(),
            };
        }
        let volumes = self.roots.volumes();
        let points = planned
            .iter()
            .filter(|mount| !host.tmpfs.contains_key(&*mount.target.to_string_lossy()))
            .map(|mount| mount.point(&volumes));
        let container = Container {
            name: self.reserve_name(name, &id)?,
            created: Timestamp::now(),
            image: image.id.to_string(),
            mounts: points.collect(),
            state: State::default(),
            id,
            config,
            host,
            planned,
        };
        if let Err(error) = self.make(&container) {
            self.core().release(&container.name, &container.id);
            let _ = self.roots.discard(&container.id);
            return Err(error.into());
        }
        let id = container.id.clone();
        self.core().insert(container);
        self.report(&id, Report::Created)?;
        Ok(Created { id, warnings })
    }

    /// What this machine, or this user, cannot give.
    fn check_machine(&self, request: &CreateRequest) -> Result<Vec<String>, Refusal> {
        let host = &request.host_config;
        let mut warnings = Vec::new();
        let limited = host.memory > 0
            || host.nano_cpus > 0
            || host.cpu_quota > 0
            || host.cpu_shares > 0
            || host.pids_limit.is_some_and(|limit| limit > 0);
        if limited && !self.machine.is_root {
            warnings.push(
                "No cgroup may be written by this user. Limitation discarded.".to_owned(),
            );
        }
        if !self.networks.are_ours() {
            if host
                .port_bindings
                .values()
                .flatten()
                .any(|list| !list.is_empty())
            {
                return Err(Refusal::unsupported(
                    "HostConfig.PortBindings: publishing ports needs a daemon of root's",
                ));
            }
            if host.network_mode == "bridge" {
                warnings.push(
                    "The bridge needs a daemon of root's: this container has a \
                     loopback interface only."
                        .to_owned(),
                );
            }
        }
        super::bundle::external_runtime(&host.runtime)?;
        Ok(warnings)
    }

    /// A new id, whose short form is new too: the shim's folder is named by it.
    fn unused_id(&self) -> Result<String, Refusal> {
        loop {
            let id = random_id()?;
            let core = self.core();
            if !core.containers().any(|one| one.short_id() == short(&id)) {
                return Ok(id);
            }
        }
    }

    fn reserve_name(&self, name: &str, id: &str) -> Result<String, Refusal> {
        let mut core = self.core();
        if !name.is_empty() {
            let name = name.strip_prefix('/').unwrap_or(name);
            core.reserve(name, id)?;
            return Ok(name.to_owned());
        }
        // The id is random already: it chooses where the search begins.
        let start =
            u64::from_str_radix(id.get(..4).unwrap_or("0"), 16).unwrap_or(0) % 576;
        let tries = (start..576).chain(0..start).chain(576..);
        for number in tries {
            let name = names::generated(number);
            match core.reserve(&name, id) {
                Err(Refusal {
                    kind: Kind::Conflict,
                    ..
                }) => {}
                Err(refusal) => return Err(refusal),
                Ok(()) => return Ok(name),
            }
        }
        Err(Refusal::conflict("all names are taken"))
    }

    fn make(&self, container: &Container) -> Result<()> {
        for mount in &container.planned {
            if let Source::Volume(name) = &mount.source {
                self.make_volume(name)?;
            }
        }
        let folder = self.roots.container(&container.id);
        make_folder(&folder, 0o700)?;
        for layer in ["upper", "work"] {
            make_folder(&folder.join(layer), 0o755)?;
        }
        self.roots.save_config(container)
    }
}

/// With `--mount` a missing source is an error now; with `-v` it is made at the start.
fn check_sources(planned: &[Planned]) -> Result<(), Refusal> {
    for mount in planned {
        if let Source::Host {
            path,
            create: false,
        } = &mount.source
            && !path.exists()
        {
            return Err(Refusal::bad(format!(
                "invalid mount config for type \"bind\": bind source path does not \
                 exist: {}",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Makes the source of a `-v` that is not there.
pub(super) fn make_source(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    fs::create_dir_all(path)
        .with_context(|| format!("make the folder {} to mount", path.display()))
}
