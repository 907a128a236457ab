//! Volumes: folders with a name, that outlive containers.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::roots::make_folder;
use super::{Engine, disk, random_id};
use crate::api::volume::{Volume, VolumeCreate, VolumeList};
use crate::core::mounts::{Source, check_volume_name};
use crate::core::{Refusal, events};

impl Engine {
    /// All volumes, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn volumes(&self) -> Result<VolumeList, Refusal> {
        let folder = self.roots.volumes();
        let mut volumes = Vec::new();
        for entry in fs::read_dir(&folder).context("list the volumes")? {
            let name = entry.context("list the volumes")?.file_name();
            if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
                volumes.push(describe(&folder, name)?);
            }
        }
        volumes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(VolumeList {
            volumes,
            warnings: None,
        })
    }

    /// One volume.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn volume(&self, name: &str) -> Result<Volume, Refusal> {
        let missing = || Refusal::not_found(format!("get {name}: no such volume"));
        check_volume_name(name).map_err(|_| missing())?;
        let folder = self.roots.volumes();
        if !folder.join(name).is_dir() {
            return Err(missing());
        }
        Ok(describe(&folder, name)?)
    }

    /// Makes a volume; one that is there already is as good.
    ///
    /// # Errors
    /// A name that no volume may have; a driver or options that are not supported.
    pub fn create_volume(&self, asked: &VolumeCreate) -> Result<Volume, Refusal> {
        if !matches!(asked.driver.as_str(), "" | "local") {
            return Err(Refusal::not_found(format!(
                "error looking up volume plugin {0}: plugin \"{0}\" not found",
                asked.driver
            )));
        }
        if !asked.driver_opts.is_empty() || !asked.labels.is_empty() {
            return Err(Refusal::unsupported(
                "DriverOpts and Labels of volumes are not supported",
            ));
        }
        let name = match asked.name.as_str() {
            "" => random_id()?,
            name => name.to_owned(),
        };
        check_volume_name(&name)?;
        self.make_volume(&name)?;
        self.volume(&name)
    }

    /// Removes a volume that no container uses.
    ///
    /// # Errors
    /// It is in use, or not there.
    pub fn remove_volume(&self, name: &str, force: bool) -> Result<(), Refusal> {
        if let Err(missing) = self.volume(name) {
            return if force { Ok(()) } else { Err(missing) };
        }
        let users: Vec<String> = {
            let core = self.core();
            let uses = |mount: &crate::core::mounts::Planned| matches!(&mount.source, Source::Volume(used) if used == name);
            let users = core.containers().filter(|one| one.planned.iter().any(uses));
            users.map(|one| one.id.clone()).collect()
        };
        if !users.is_empty() {
            return Err(Refusal::conflict(format!(
                "remove {name}: volume is in use - [{}]",
                users.join(", ")
            )));
        }
        let folder = self.roots.volumes();
        let hidden = folder.join(format!(".{name}"));
        fs::rename(folder.join(name), &hidden)
            .with_context(|| format!("remove volume {name}"))?;
        disk::remove_tree(&hidden)?;
        let event = events::of_other("volume", "destroy", name, Timestamp::now());
        self.listener.event(&event);
        Ok(())
    }

    pub(super) fn make_volume(&self, name: &str) -> Result<()> {
        let folder = self.roots.volumes().join(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            made => made.with_context(|| format!("make volume {name}"))?,
        }
        make_folder(&folder.join("_data"), 0o755)?;
        let event = events::of_other("volume", "create", name, Timestamp::now());
        self.listener.event(&event);
        Ok(())
    }
}

fn describe(volumes: &Path, name: &str) -> Result<Volume> {
    let data = volumes.join(name).join("_data");
    let made = fs::metadata(volumes.join(name))
        .and_then(|found| found.modified())
        .with_context(|| format!("look at volume {name}"))?;
    let made = Timestamp::try_from(made).context("read a file's time")?;
    Ok(Volume {
        created_at: made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        driver: "local".into(),
        mountpoint: data.display().to_string(),
        name: name.to_owned(),
        scope: "local".into(),
        ..Volume::default()
    })
}
