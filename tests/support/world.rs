//! A machine inside this machine.
//!
//! A world has mount, network and pid namespaces of its own, empty `/run` and
//! `/var/lib`, a loopback link that is up, a home, and a cgroup parent. Its PID 1 waits
//! for the end of a pipe that the test holds, so that it ends with the test however the
//! test ends; and with it, everything in the world. Worlds are made by `unshare` and
//! entered by `nsenter`: a test has threads and must not fork by itself.

mod enter;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkdir};

use crate::{Ordinary, trees};

/// What PID 1 does: mounts, then waits. SIGCHLD is ignored in it, which is how a process
/// asks the kernel to bury the orphans that it inherits.
const FIRST: &str = r#"
set -e
mount -t tmpfs -o mode=755 world /run
mount -t tmpfs -o mode=755 world /var/lib
ip link set lo up
mkdir -p -m 700 "/run/user/$1" && chown "$1:$2" "/run/user/$1"
if [ -n "$3" ]; then mkdir /run/skiff-bin; mount --bind "$3" /run/skiff-bin; fi
echo ready
exec env --ignore-signal=CHLD cat
"#;

/// A world of a test's own. Dropped, everything in it ends.
pub struct World {
    holder: Child,
    end: Option<ChildStdin>,
    skiff: PathBuf,
    cgroup_parent: String,
    who: Who,
}

enum Who {
    Root(tempfile::TempDir),
    Ordinary(Ordinary),
}

impl Who {
    fn ids(&self) -> (u32, u32) {
        match self {
            Self::Root(_) => (0, 0),
            Self::Ordinary(user) => user.ids(),
        }
    }
}

impl World {
    /// A world where commands run as root. Needs [`Root`](crate::Need::Root).
    ///
    /// `skiff` is the program under test (`env!("CARGO_BIN_EXE_skiff")`).
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn root(skiff: impl AsRef<Path>) -> Self {
        let home = tempfile::Builder::new()
            .prefix("skiff-test-")
            .tempdir_in("/tmp");
        let home = home.expect("a folder in /tmp");
        Self::new(skiff.as_ref().to_owned(), Who::Root(home))
    }

    /// A world where commands run as an ordinary user. Needs
    /// [`UserNamespace`](crate::Need::UserNamespace).
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn ordinary(skiff: impl AsRef<Path>) -> Self {
        Self::new(skiff.as_ref().to_owned(), Who::Ordinary(Ordinary::new()))
    }

    fn new(skiff: PathBuf, who: Who) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let cgroup_parent = format!("skiff-test-{}-{count}", std::process::id());
        let mut unshare = Command::new("unshare");
        if !Uid::effective().is_root() {
            unshare.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        unshare.args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]);
        let (uid, gid) = who.ids();
        unshare.args(["sh", "-c", FIRST, "world"]);
        unshare.args([uid.to_string(), gid.to_string()]);
        // Root's checkout may lie where an ordinary user cannot go: shown elsewhere.
        let shown = matches!(who, Who::Ordinary(_)) && Uid::effective().is_root();
        let (dir, name) = (skiff.parent(), skiff.file_name());
        let (dir, name) = (dir.expect("a path"), name.expect("a program"));
        if shown {
            unshare.arg(dir);
        }
        unshare
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut holder = unshare.spawn().expect("start unshare");
        let end = holder.stdin.take();
        let mut line = String::new();
        let said = holder
            .stdout
            .take()
            .map(|out| BufReader::new(out).read_line(&mut line));
        assert!(
            matches!(said, Some(Ok(6))),
            "the world's first process set it up"
        );
        let skiff = if shown {
            Path::new("/run/skiff-bin").join(name)
        } else {
            skiff
        };
        Self {
            holder,
            end,
            skiff,
            cgroup_parent,
            who,
        }
    }

    /// The home of whoever runs commands here: the same path inside and outside.
    #[must_use]
    pub fn home(&self) -> &Path {
        match &self.who {
            Who::Root(dir) => dir.path(),
            Who::Ordinary(user) => user.home(),
        }
    }

    /// The user id and the group of whoever runs commands here.
    pub(crate) fn ids(&self) -> (u32, u32) {
        self.who.ids()
    }

    /// Where the daemon of this world keeps what lasts, as the world sees it.
    #[must_use]
    pub fn data_root(&self) -> PathBuf {
        match &self.who {
            Who::Root(_) => "/var/lib/skiff".into(),
            Who::Ordinary(user) => user.home().join("share/skiff"),
        }
    }

    /// Where the daemon of this world keeps what is of this boot, as the world sees it.
    #[must_use]
    pub fn exec_root(&self) -> PathBuf {
        match &self.who {
            Who::Root(_) => "/run/skiff".into(),
            Who::Ordinary(user) => format!("/run/user/{}/skiff", user.ids().0).into(),
        }
    }

    /// The socket of this world's daemon, as a client is told.
    #[must_use]
    pub fn host(&self) -> String {
        format!("unix://{}/skiff.sock", self.exec_root().display())
    }

    /// The cgroup below which this world's containers are.
    #[must_use]
    pub fn cgroup_parent(&self) -> &str {
        &self.cgroup_parent
    }

    /// The program under test, as the world sees it.
    #[must_use]
    pub fn skiff_path(&self) -> &Path {
        &self.skiff
    }

    /// A path of the world, as the host sees it.
    #[must_use]
    pub fn outside(&self, inside: impl AsRef<Path>) -> PathBuf {
        let inside = inside.as_ref();
        let relative = inside.strip_prefix("/").unwrap_or(inside);
        self.proc("root").join(relative)
    }

    /// `/proc/PID/NAME` of a process in the world's mount and network namespaces.
    pub(crate) fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.holder.id()))
    }

    /// The daemon's pid as the world counts, if one has written it down.
    #[must_use]
    pub fn daemon_pid(&self) -> Option<u32> {
        let path = self.outside(self.exec_root().join("daemon.lock"));
        let text = std::fs::read_to_string(path).ok()?;
        let pid = text.split_whitespace().next()?.parse().ok()?;
        self.outside(format!("/proc/{pid}/stat"))
            .exists()
            .then_some(pid)
    }

    /// A new folder in the home, that whoever runs commands here may write.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.home().join(name);
        mkdir(&path, Mode::from_bits_truncate(0o755)).expect("a folder in the home");
        if let Who::Ordinary(user) = &self.who {
            let (uid, gid) = user.ids();
            std::os::unix::fs::chown(&path, Some(uid), Some(gid))
                .expect("our own folder");
        }
        path
    }
}

impl Drop for World {
    fn drop(&mut self) {
        trees::thaw(&self.cgroup_parent);
        self.end = None;
        let end = Instant::now() + Duration::from_secs(10);
        while matches!(self.holder.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.holder.kill();
                let _ = self.holder.wait();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        trees::remove(&self.cgroup_parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Need, needs};

    fn looks_like_a_world(world: &World) {
        let script = "ls /run /var/lib; echo $$; cat /proc/net/dev; pwd; echo $HOME";
        let text = world.run(&["sh", "-c", script]).ok();
        assert!(text.contains("lo:") && !text.contains("eth0"), "{text}");
        assert!(text.contains(&world.home().display().to_string()), "{text}");
        assert!(world.run(&["sh", "-c", "ps -e | wc -l"]).ok().trim().len() == 1);
        assert_eq!(
            world.run(&["sh", "-c", "touch $HOME/x; kill -9 $$"]).code,
            137
        );
        assert!(world.home().join("x").exists());
    }

    #[test]
    fn a_world_of_root_is_empty_and_ends() {
        if !needs(&[Need::Root]) {
            return;
        }
        let world = World::root("/bin/true");
        looks_like_a_world(&world);
        assert_eq!(world.run(&["id", "-u"]).ok(), "0\n");
        let _ = world
            .run(&["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 &"])
            .ok();
        let proc = world.proc("");
        drop(world);
        assert!(!proc.exists());
    }

    #[test]
    fn a_world_of_an_ordinary_user() {
        if !needs(&[Need::UserNamespace]) {
            return;
        }
        let world = World::ordinary("/bin/true");
        looks_like_a_world(&world);
        assert_ne!(world.run(&["id", "-u"]).ok(), "0\n");
        assert_eq!(world.skiff(&[]).code, 0);
        assert_eq!(
            world
                .run(&["unshare", "-Urmpf", "--mount-proc", "id", "-u"])
                .ok(),
            "0\n"
        );
    }
}
