//! The probes: each does, in a process that is thrown away, what a chapter will do.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::geteuid;

use super::places;
use crate::{bench, diagnosis, user};

/// One thing that a machine can or cannot do.
#[derive(Debug)]
pub struct Probe {
    /// Its name in `needs.toml`.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// What to type when the machine cannot.
    pub remedy: &'static str,
    /// What else there is to say to whoever cannot.
    pub note: &'static str,
    /// Tries it, in the process at hand, which is not good for much afterwards.
    pub attempt: fn() -> Result<()>,
}

/// All probes.
pub static PROBES: &[Probe] = &[
    Probe {
        name: "user-namespace",
        what: "a user namespace for an ordinary user (or root)",
        remedy: "sudo -E env \"PATH=$PATH\" cargo run -p ch01",
        note: "no setting that forbids them was found; root needs none",
        attempt: user::borrow_root,
    },
    Probe {
        name: "namespaces",
        what: "mount, pid, UTS, IPC and cgroup namespaces",
        remedy: "docker run --privileged …",
        note: "you seem to be in a container: start it so, or leave it",
        attempt: || {
            use CloneFlags as C;
            unshare_as_root(
                C::CLONE_NEWNS
                    | C::CLONE_NEWPID
                    | C::CLONE_NEWUTS
                    | C::CLONE_NEWIPC
                    | C::CLONE_NEWCGROUP,
            )
        },
    },
    Probe {
        name: "network-namespace",
        what: "a network namespace",
        remedy: "docker run --privileged …",
        note: "you seem to be in a container: start it so, or leave it",
        attempt: || unshare_as_root(CloneFlags::CLONE_NEWNET),
    },
    Probe {
        name: "tmpfs",
        what: "a tmpfs in a mount namespace",
        remedy: "docker run --privileged …",
        note: "you seem to be in a container: start it so, or leave it",
        attempt: || private_tmpfs(Path::new("/tmp")),
    },
    Probe {
        name: "overlay",
        what: "an overlay mount",
        remedy: "sudo modprobe overlay",
        note: "without it every layer is copied, which takes time and room",
        attempt: overlay,
    },
    Probe {
        name: "cgroups",
        what: "control groups that may be made",
        remedy: "sudo -E env \"PATH=$PATH\" cargo run -p ch06",
        note: "for root: they are mounted read-only, as in a container",
        attempt: cgroups,
    },
    Probe {
        name: "seccomp",
        what: "seccomp filters",
        remedy: "zgrep SECCOMP_FILTER /proc/config.gz",
        note: "this kernel was built without them; another kernel has them",
        attempt: || file("/proc/sys/kernel/seccomp/actions_avail"),
    },
    Probe {
        name: "shell",
        what: "a shell to put into a root file system",
        remedy: "sudo apt-get install dash",
        note: "any /bin/sh will do, also busybox's",
        attempt: places::shell,
    },
    Probe {
        name: "root",
        what: "root",
        remedy: "sudo -i",
        note: "everything else works without",
        attempt: || {
            ensure!(geteuid().is_root(), "you are uid {}", geteuid());
            Ok(())
        },
    },
    Probe {
        name: "temporary",
        what: "room for temporary files (100 MB)",
        remedy: "export TMPDIR=\"$HOME\"",
        note: "or any folder with room that you may write to",
        attempt: places::temporary,
    },
    Probe {
        name: "checkout",
        what: "a checkout that you may write to",
        remedy: "cp -r . ~/skiff && cd ~/skiff",
        note: "your copies of the exercises are kept in it",
        attempt: places::writable_checkout,
    },
    Probe {
        name: "target",
        what: "room where cargo builds (300 MB)",
        remedy: "export CARGO_TARGET_DIR=\"$HOME/skiff-target\"",
        note: "or any folder with room that you may write to",
        attempt: places::target,
    },
    Probe {
        name: "network",
        what: "a way to other machines",
        remedy: "cargo run -- run --rm toolbox echo hello",
        note: "only pulling needs a network; this image needs none",
        attempt: places::network,
    },
    Probe {
        name: "mdbook",
        what: "mdBook, which makes pages of the book's text",
        remedy: "cargo install mdbook",
        note: "the text can be read as it is, in book/src",
        attempt: places::mdbook,
    },
];

fn unshare_as_root(kinds: CloneFlags) -> Result<()> {
    user::borrow_root()?;
    unshare(kinds).context("unshare")
}

fn private_tmpfs(at: &Path) -> Result<()> {
    unshare_as_root(CloneFlags::CLONE_NEWNS)?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .context("make the mounts private")?;
    mount(Some("none"), at, Some("tmpfs"), MsFlags::empty(), none)
        .context("mount a tmpfs")
}

fn overlay() -> Result<()> {
    let at = Path::new("/tmp");
    private_tmpfs(at)?;
    for folder in ["lower", "upper", "work", "merged"] {
        fs::create_dir(at.join(folder)).context("make a folder on the tmpfs")?;
    }
    let extra = if user_namespace_is_borrowed() {
        ",userxattr"
    } else {
        ""
    };
    let options =
        format!("lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work{extra}");
    let target = at.join("merged");
    mount(
        Some("overlay"),
        &target,
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .context("mount an overlay")
}

/// Whether uid 0 in here is somebody else out there.
fn user_namespace_is_borrowed() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().nth(2) != Some("4294967295"))
}

fn cgroups() -> Result<()> {
    let candidates = [
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/unified",
        "/sys/fs/cgroup/memory",
    ];
    let mut refused = Errno::ENOENT;
    for candidate in candidates {
        let folder =
            Path::new(candidate).join(format!("skiff-probe-{}", std::process::id()));
        match fs::create_dir(&folder) {
            // The top of a version 1 tree of trees is no cgroup: a folder there proves
            // nothing, and cannot be made in most of them.
            Ok(()) => {
                let is_cgroup = folder.join("cgroup.procs").exists();
                fs::remove_dir(&folder).context("remove the cgroup again")?;
                if is_cgroup {
                    return Ok(());
                }
            }
            Err(error) => {
                refused = error.raw_os_error().map_or(refused, Errno::from_raw);
            }
        }
    }
    let error = anyhow::Error::from(refused).context("make a cgroup");
    Err(match (refused, geteuid().is_root()) {
        (Errno::EACCES | Errno::EPERM, false) => diagnosis::with_hint(error, ROOTS),
        (Errno::EROFS, _) => diagnosis::with_hint(error, READ_ONLY),
        _ => error,
    })
}

const ROOTS: &str = "limits for the machine are root's to give; \
                     sudo -E env \"PATH=$PATH\" cargo run -p ch06";
const READ_ONLY: &str = "the trees are mounted read-only (is this a container?); start \
                         the outer container with --privileged";

fn file(path: &str) -> Result<()> {
    fs::metadata(path)
        .map(drop)
        .with_context(|| format!("look at {path}"))
}

/// Runs the probe `name` in this process, and says on standard error why it fails.
pub fn run_here(name: &str) -> ExitCode {
    bench::explained("probe", None, || {
        let probe = PROBES.iter().find(|probe| probe.name == name);
        (probe
            .with_context(|| format!("there is no probe {name:?}"))?
            .attempt)()?;
        Ok(ExitCode::SUCCESS)
    })
}

impl Probe {
    /// Tries it in a process of its own (this program, with the hidden verb `probe`).
    ///
    /// # Errors
    /// Why the machine cannot, as the probe told it; with its hint, if it has one.
    pub fn try_apart(&self) -> Result<()> {
        let program = std::env::current_exe().context("find this program")?;
        let output = Command::new(program)
            .args(["probe", self.name])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("probe for {}", self.name))?;
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let mut lines = told.lines();
        let reason = lines
            .next()
            .unwrap_or("it died")
            .trim_start_matches("probe: ");
        let error = anyhow::anyhow!(reason.to_owned());
        match lines.find_map(|line| line.strip_prefix("hint: ")) {
            Some(hint) => Err(diagnosis::with_hint(error, hint)),
            None => Err(error),
        }
    }
}
