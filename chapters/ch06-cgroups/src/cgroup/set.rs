//! Limits, written to the files of a group.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use workbench::steps::step;

use super::Cgroup;
use super::folder::is_absent;
use crate::filter;
use crate::layout::{Layout, Version};
use crate::limits::{Limits, Setting};
use crate::refused::written;

impl Cgroup {
    /// Sets limits, of a new group or of one with processes in it; what they do not
    /// mention stays. Answers with what could not be set, as [`Cgroup::missing`].
    ///
    /// # Errors
    /// A value that the kernel refuses.
    pub fn set(&self, limits: &Limits) -> Result<Vec<String>> {
        self.check_usage(limits)?;
        self.tell_systemd(limits)?;
        self.write_limits(limits)
    }

    /// Sets limits by hand, and tells nobody.
    pub(crate) fn write_limits(&self, limits: &Limits) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        let mut refused = Vec::new();
        let mut last = Last::default();
        for setting in self.settings(limits) {
            match self.apply(&setting, &mut last) {
                Ok(()) => {}
                Err(error) if is_absent(&error) => {
                    missing.push(format!("{}: {error}", told(&setting)));
                }
                Err(_) => refused.push(setting),
            }
        }
        // A value can be refused since its partner has not moved yet (memory's part
        // and sum, the quota and its period): once more, now that all others are set.
        for setting in refused {
            self.apply(&setting, &mut last)
                .map_err(|error| written(error, &self.file_of(&setting), &setting.value))
                .with_context(|| format!("limit cgroup {}", self.path.display()))?;
        }
        missing.extend(self.filter_devices(limits)?);
        Ok(missing)
    }

    /// The files to write, of the version that each controller has here.
    pub(super) fn settings(&self, limits: &Limits) -> Vec<Setting> {
        let v2 = self.folder(Version::V2);
        let in_v2 = |setting: &Setting| {
            v2.is_some_and(|folder| folder.tree.controllers.contains(&setting.controller))
        };
        let devices_in_v1 = self.folder_with("devices").is_some();
        let only_v2 = self.layout == Layout::Unified;
        let mut settings = limits.files(Version::V1);
        settings.retain(|s| match s.controller.as_str() {
            "devices" => devices_in_v1,
            _ => !only_v2 && !in_v2(s),
        });
        let second = limits.files(Version::V2).into_iter();
        settings.extend(second.filter(|s| only_v2 || s.unified || in_v2(s)));
        settings
    }

    /// Version 2 would kill its way down to a limit below what is in use.
    fn check_usage(&self, limits: &Limits) -> Result<()> {
        let limit = limits.memory.and_then(|bytes| u64::try_from(bytes).ok());
        let limit = limit.filter(|bytes| *bytes > 0 && limits.check_before_update);
        let (Some(limit), Some(folder)) = (limit, self.folder_with("memory")) else {
            return Ok(());
        };
        let file = match folder.tree.version {
            Version::V1 => "memory.usage_in_bytes",
            Version::V2 => "memory.current",
        };
        let used = std::fs::read_to_string(folder.path.join(file)).unwrap_or_default();
        let used = used.trim().parse().unwrap_or(0);
        ensure!(
            used <= limit,
            "updating memory to {limit} bytes would leave less than the {used} in use"
        );
        Ok(())
    }

    fn filter_devices(&self, limits: &Limits) -> Result<Option<String>> {
        if limits.devices.is_empty() || self.folder_with("devices").is_some() {
            return Ok(None);
        }
        let Some(cgroup) = self.unified_fd() else {
            return Ok(Some("device rules: no tree to put them on".to_owned()));
        };
        match filter::attach(cgroup.as_fd(), &limits.devices) {
            Err(error) if error.downcast_ref() == Some(&Errno::EPERM) => {
                Ok(Some(format!("device rules: {error:#}")))
            }
            answer => answer.map(|()| None),
        }
    }

    fn apply(&self, setting: &Setting, last: &mut Last) -> io::Result<()> {
        let (path, value) = (self.file_of(setting), &setting.value);
        let why = "a limit is a number in a file";
        step(6, format_args!("write({path:?}, {value:?})"), why, || {
            last.at(&path)?.write_all(value.as_bytes())
        })
    }

    /// The file of a setting; one that is nowhere, where no tree has its controller.
    pub(super) fn file_of(&self, setting: &Setting) -> PathBuf {
        // Some files of version 2 are there without a controller (`cgroup.…`).
        let folder = self
            .folder_with(&setting.controller)
            .filter(|_| !setting.unified);
        let folder = folder.or_else(|| self.folder(Version::V2));
        let path = folder.map_or(Path::new("/nowhere"), |folder| &folder.path);
        let file = path.join(&setting.file);
        // Weights are a scheduler's own, and it has put its name into theirs.
        if let Some(rest) = setting.file.strip_prefix("blkio.weight") {
            let other = path.join(format!("blkio.bfq.weight{rest}"));
            if !file.exists() && other.exists() {
                return other;
            }
        }
        file
    }
}

/// The file that was written to last. Device rules go one by one into the same one, and
/// to open a file of a cgroup takes longer than to write to it.
#[derive(Default)]
struct Last(Option<(PathBuf, File)>);

impl Last {
    fn at(&mut self, path: &Path) -> io::Result<&mut File> {
        let (_, file) = match self.0.take() {
            Some(last) if last.0 == path => self.0.insert(last),
            _ => {
                let file = OpenOptions::new().write(true).open(path)?;
                self.0.insert((path.to_owned(), file))
            }
        };
        Ok(file)
    }
}

fn told(setting: &Setting) -> String {
    match setting.unified {
        true => format!("unified[{}] = {:?}", setting.file, setting.value),
        false => format!("write {:?} to {}", setting.value, setting.file),
    }
}
