//! What is known of a container between two commands: `<root>/<id>/state.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::Pid;
use oci_spec::runtime::Hooks;
use serde::{Deserialize, Serialize};
use workbench::files::{kernel_text, write_atomic};

use crate::spec::check_id;

/// Where a container is in its life (runtime-spec, runtime.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being made.
    Creating,
    /// Set up; the program has not been executed.
    Created,
    /// The program runs.
    Running,
    /// It runs, but is frozen.
    Paused,
    /// Its first process is gone.
    Stopped,
}

/// The state on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
// ANCHOR: State
pub struct State {
    /// The version of the specification.
    pub oci_version: String,
    /// The container's name.
    pub id: String,
    /// The first process, by its host pid; 0 until there is one.
    pub pid: i32,
    /// When it started (proc_pid_stat(5), field 22): the two name it for ever.
    pub start_time: u64,
    /// The bundle's folder.
    pub bundle: PathBuf,
    /// The root filesystem.
    pub rootfs: PathBuf,
    /// When it was created (RFC 3339).
    pub created: String,
    /// The user who created it.
    #[serde(default)]
    pub creator: u32,
    /// The cgroup's path, below each hierarchy's mount; empty when it has none.
    pub cgroup: String,
    /// The unit of systemd's that the cgroup is; empty when it is nobody's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Set once `start` has succeeded.
    pub started: bool,
    /// Who makes it, by pid and start time; without that one and a pid it is a ruin.
    #[serde(default)]
    pub launcher: (i32, u64),
    /// Whether its first process has the host's root still: nobody is sent in there.
    #[serde(default)]
    pub making: bool,
    /// Whether it stays in the session keyring of who created it.
    #[serde(default)]
    pub no_new_keyring: bool,
    /// The annotations of the bundle.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Its hooks: what is written into the bundle after `create` must not count.
    pub hooks: Option<Hooks>,
}
// ANCHOR_END: State

impl State {
    /// Reads the state of the container `id` below `root`.
    ///
    /// # Errors
    /// When there is no such container.
    pub fn load(root: &Path, id: &str) -> Result<Self> {
        check_id(id)?;
        let path = folder(root, id).join("state.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!("container {id:?} does not exist")
            }
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("parse {}", path.display()))
    }

    /// Takes what a state's file says.
    ///
    /// # Errors
    /// When it is no state.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Ok(serde_json::from_slice(text)?)
    }

    /// Writes the state below `root`.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn save(&self, root: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).context("encode the state")?;
        write_atomic(&folder(root, &self.id).join("state.json"), &text, false)
    }

    /// Where the container is now, found by looking at its process.
    // ANCHOR: status
    #[must_use]
    pub fn status(&self) -> Status {
        match (self.alive(), self.started) {
            (false, _) if self.pid == 0 && same_process(self.launcher) => {
                Status::Creating
            }
            (false, _) => Status::Stopped,
            (true, _) if self.making => Status::Creating,
            // Also one that was paused before it was started.
            (true, _) if self.frozen() => Status::Paused,
            (true, false) => Status::Created,
            (true, true) => Status::Running,
        }
    }
    // ANCHOR_END: status

    fn alive(&self) -> bool {
        self.pid != 0 && same_process((self.pid, self.start_time))
    }

    fn frozen(&self) -> bool {
        !self.cgroup.is_empty()
            && cgroups::Cgroup::open(&self.cgroup).is_ok_and(|group| group.is_frozen())
    }

    /// The state as the specification and runc's callers know it.
    #[must_use]
    pub fn shown(&self) -> serde_json::Value {
        let status = self.status();
        let gone = status == Status::Stopped;
        let mut shown = self.told(if gone { 0 } else { self.pid }, status);
        shown["owner"] = name_of(self.creator).into();
        shown
    }

    /// The state as it is told to hooks and listeners: from where the first process
    /// stands, and as its own pid namespace numbers it.
    pub(crate) fn told(&self, pid: i32, status: Status) -> serde_json::Value {
        serde_json::json!({
            "ociVersion": self.oci_version,
            "id": self.id,
            "pid": pid,
            "status": status,
            "bundle": self.bundle,
            "rootfs": self.rootfs,
            "created": self.created,
            "annotations": self.annotations,
        })
    }
}

/// The state of the container `id` below `root`.
///
/// # Errors
/// When there is no such container.
pub fn state(root: &Path, id: &str) -> Result<State> {
    State::load(root, id)
}

/// All containers below `root`, by name.
///
/// # Errors
/// When `root` cannot be read; a missing one has none.
pub fn list(root: &Path) -> Result<Vec<State>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => {
            return Err(error).with_context(|| format!("list {}", root.display()));
        }
    };
    let mut states = Vec::new();
    for entry in entries {
        let name = entry.context("list the containers")?.file_name();
        // One that is being made or deleted this moment has no state to show.
        if let Ok(state) = State::load(root, &name.to_string_lossy()) {
            states.push(state);
        }
    }
    states.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(states)
}

/// The folder of a container's state.
#[must_use]
pub fn folder(root: &Path, id: &str) -> PathBuf {
    root.join(id)
}

/// When a process started, in clock ticks since boot; `None` when it is gone or a zombie.
///
/// # Errors
/// When /proc cannot be read.
pub fn start_time(pid: Pid) -> Result<Option<u64>> {
    match kernel_text(format!("/proc/{pid}/stat")) {
        Ok(stat) => Ok(parse_stat(&stat)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("read the state of process {pid}"))
        }
    }
}

/// Whether a pid still means the process that started then.
#[must_use]
pub fn same_process((pid, started): (i32, u64)) -> bool {
    matches!(start_time(Pid::from_raw(pid)), Ok(Some(at)) if at == started)
}

/// The time now, as states and logs tell it (RFC 3339).
#[must_use]
pub fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Where states are unless told: `/run/skiff/runtime`, or below `$XDG_RUNTIME_DIR` for an
/// ordinary user.
#[must_use]
pub fn default_root() -> PathBuf {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match base {
        Some(base) if !caller_is_root() => base.join("skiff/runtime"),
        _ => PathBuf::from("/run/skiff/runtime"),
    }
}

/// A user's name on the host, or the number where it has none in `/etc/passwd`.
fn name_of(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let number = uid.to_string();
    let mut lines = users.lines().map(|line| line.split(':'));
    let name = lines.find_map(|mut field| {
        let name = field.next()?;
        (field.nth(1)? == number).then(|| name.to_owned())
    });
    name.unwrap_or(number)
}

/// Whether the caller is root, of the host or of its user namespace.
#[must_use]
pub fn caller_is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Field 22 of proc_pid_stat(5), unless field 3 says that the process is dead.
fn parse_stat(stat: &str) -> Option<u64> {
    // The name (field 2) may contain anything, spaces and parentheses included.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X" | "x");
    let started = fields.nth(18)?.parse().ok()?;
    (!dead).then_some(started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(parse_stat(stat), Some(4711));
        assert_eq!(parse_stat(&stat.replace(") S ", ") Z ")), None);
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn this_process_has_a_start_time_and_an_unused_pid_has_none() {
        assert!(start_time(Pid::this()).unwrap().is_some());
        assert!(start_time(Pid::from_raw(i32::MAX)).unwrap().is_none());
    }

    #[test]
    fn a_container_that_is_not_there_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = State::load(root.path(), "ghost").unwrap_err();
        assert_eq!(error.to_string(), "container \"ghost\" does not exist");
        assert!(list(root.path()).unwrap().is_empty());
    }
}
