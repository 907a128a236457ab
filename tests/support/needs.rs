//! What a test needs of the machine, probed rather than looked up.
//!
//! `SKIFF_TEST_REQUIRE` is a list of names, separated by commas, of needs that this
//! machine must meet: a skip for one of them is a failure.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::unistd::Uid;

use crate::Ordinary;

/// One thing that a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `root`: uid 0, with the right to make namespaces.
    Root,
    /// `user`: an ordinary user to be; root meets it by dropping its privileges.
    User,
    /// `userns`: an ordinary user may make a user namespace.
    UserNamespace,
    /// `overlay`: whoever runs the tests may mount overlay in a namespace of their own.
    Overlay,
    /// `net-ns`: whoever runs the tests may make a network namespace.
    NetNamespace,
    /// `cgroup-v1`: a memory controller in a tree of version 1.
    CgroupV1,
    /// `cgroup-hybrid`: version 1 with the tree of version 2 at `unified`.
    CgroupHybrid,
    /// `cgroup-v2`: version 2 alone.
    CgroupV2,
    /// `hugetlb-v2`: huge pages counted in the tree of version 2, of a hybrid machine.
    HugePages,
    /// `keyrings`: a kernel with keyrings (keyrings(7)).
    Keyrings,
    /// `systemd`: one that can be the first process of a world, with this machine's cgroups.
    Systemd,
    /// `registry`: a registry program and what pushes to it.
    Registry,
    /// `tool:NAME`: a program on `PATH`.
    Tool(&'static str),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::User => f.write_str("user"),
            Self::UserNamespace => f.write_str("userns"),
            Self::Overlay => f.write_str("overlay"),
            Self::NetNamespace => f.write_str("net-ns"),
            Self::CgroupV1 => f.write_str("cgroup-v1"),
            Self::CgroupHybrid => f.write_str("cgroup-hybrid"),
            Self::CgroupV2 => f.write_str("cgroup-v2"),
            Self::HugePages => f.write_str("hugetlb-v2"),
            Self::Keyrings => f.write_str("keyrings"),
            Self::Systemd => f.write_str("systemd"),
            Self::Registry => f.write_str("registry"),
            Self::Tool(name) => write!(f, "tool:{name}"),
        }
    }
}

/// Whether this machine meets all of `needs`. If not, says `skipped: needs …` on
/// standard error, past the test harness, which would keep it to itself.
///
/// # Panics
/// When a need that is not met is named in `SKIFF_TEST_REQUIRE`.
#[must_use = "a test whose needs are not met returns"]
pub fn needs(needs: &[Need]) -> bool {
    let missing: Vec<Need> = needs
        .iter()
        .copied()
        .filter(|need| !is_met(*need))
        .collect();
    let required = std::env::var("SKIFF_TEST_REQUIRE").unwrap_or_default();
    if let Some(need) = first_required(&missing, &required) {
        panic!("SKIFF_TEST_REQUIRE says that this machine has {need}; it has not");
    }
    if missing.is_empty() {
        return true;
    }
    let names: Vec<String> = missing.iter().map(Need::to_string).collect();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // Through the descriptor: the print macros are captured by the harness.
    let text = format!("{test} ... skipped: needs {}\n", names.join(", "));
    let _ = std::io::stderr().write_all(text.as_bytes());
    false
}

fn first_required(missing: &[Need], required: &str) -> Option<Need> {
    let required: Vec<&str> = required
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    for word in &required {
        assert!(
            is_a_name(word),
            "SKIFF_TEST_REQUIRE: {word:?} is no need that tests know"
        );
    }
    missing
        .iter()
        .copied()
        .find(|need| required.contains(&need.to_string().as_str()))
}

fn is_a_name(word: &str) -> bool {
    let plain = [
        Need::Root,
        Need::User,
        Need::UserNamespace,
        Need::Overlay,
        Need::NetNamespace,
        Need::CgroupV1,
        Need::CgroupHybrid,
        Need::CgroupV2,
        Need::HugePages,
        Need::Keyrings,
        Need::Systemd,
        Need::Registry,
    ];
    word.starts_with("tool:") || plain.iter().any(|need| need.to_string() == word)
}

fn is_met(need: Need) -> bool {
    // Each probe once in a test program: they start processes.
    static ROOT: OnceLock<bool> = OnceLock::new();
    static USERNS: OnceLock<bool> = OnceLock::new();
    static OVERLAY: OnceLock<bool> = OnceLock::new();
    static NET: OnceLock<bool> = OnceLock::new();
    match need {
        Need::Root => {
            *ROOT.get_or_init(|| Uid::effective().is_root() && unshare(&["--mount"]))
        }
        // Root can always be somebody else, and whoever is not root is already.
        Need::User => true,
        Need::UserNamespace => *USERNS.get_or_init(ordinary_may_make_user_namespace),
        Need::Overlay => *OVERLAY.get_or_init(may_mount_overlay),
        Need::NetNamespace => *NET.get_or_init(|| unshare(&["--net"])),
        Need::CgroupV1 => Path::new("/sys/fs/cgroup/memory/cgroup.procs").exists(),
        Need::CgroupHybrid => Path::new("/sys/fs/cgroup/unified/cgroup.procs").exists(),
        Need::CgroupV2 => Path::new("/sys/fs/cgroup/cgroup.controllers").exists(),
        Need::HugePages => {
            let names = "/sys/fs/cgroup/unified/cgroup.controllers";
            std::fs::read_to_string(names).is_ok_and(|names| names.contains("hugetlb"))
        }
        Need::Keyrings => Path::new("/proc/keys").exists(),
        Need::Systemd => may_boot_systemd(),
        Need::Registry => registry_program().is_some() && on_path("skopeo").is_some(),
        Need::Tool(name) => on_path(name).is_some(),
    }
}

/// Since version 256 systemd wants version 2 of the cgroups, and nothing else.
fn may_boot_systemd() -> bool {
    let said = Command::new("/lib/systemd/systemd")
        .arg("--version")
        .output();
    let said = said.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    let version = said.ok().and_then(|text| {
        let word = text.split_whitespace().nth(1)?;
        word.split('.').next()?.parse::<u32>().ok()
    });
    version.is_some_and(|version| version < 256 || is_met(Need::CgroupV2))
}

/// The registry under the name that this distribution gives it.
pub(crate) fn registry_program() -> Option<PathBuf> {
    ["docker-registry", "registry"]
        .iter()
        .find_map(|name| on_path(name))
}

/// Where `PATH`, or the folders of the system's own programs, have `name`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|dir| dir.join(name))
        .find(|p| p.is_file())
}

fn ordinary_may_make_user_namespace() -> bool {
    let user = Ordinary::new();
    let mut command = user.command("unshare");
    command.args(["--user", "--map-root-user", "true"]);
    succeeds(command)
}

fn may_mount_overlay() -> bool {
    let Ok(dir) = tempfile::tempdir() else {
        return false;
    };
    for name in ["lower", "upper", "work", "all"] {
        if std::fs::create_dir(dir.path().join(name)).is_err() {
            return false;
        }
    }
    let more = if Uid::effective().is_root() {
        ""
    } else {
        ",userxattr"
    };
    let mount = format!(
        "cd {} && mount -t overlay none -o \
         lowerdir=lower,upperdir=upper,workdir=work{more} all",
        dir.path().display()
    );
    unshare(&["--mount", "sh", "-c", &mount])
}

/// Whether `unshare ARGS` works for whoever runs the tests.
fn unshare(args: &[&str]) -> bool {
    let mut command = Command::new("unshare");
    if !Uid::effective().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(args);
    if !args.contains(&"sh") {
        command.arg("true");
    }
    succeeds(command)
}

fn succeeds(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_need_that_is_not_required_is_a_skip() {
        assert_eq!(first_required(&[Need::CgroupV2], "root, tool:docker"), None);
    }

    #[test]
    fn a_missing_need_that_is_required_is_found() {
        let missing = [Need::CgroupV2, Need::Tool("docker")];
        assert_eq!(
            first_required(&missing, "root,tool:docker"),
            Some(Need::Tool("docker"))
        );
    }

    #[test]
    #[should_panic(expected = "no need that tests know")]
    fn a_misspelt_requirement_is_refused() {
        let _ = first_required(&[], "rooot");
    }

    #[test]
    fn a_tool_that_nobody_has_is_not_there() {
        assert!(!needs(&[Need::Tool("no-such-tool-anywhere")]));
        assert!(needs(&[Need::Tool("sh")]));
    }
}
