//! A machine with a systemd of its own, inside a world.
//!
//! It has pid, mount, cgroup, uts and ipc namespaces, its own `/run`, `/dev` and cgroup
//! mounts, and everything else of the host's to look at and not to write to. systemd is
//! its first process and starts nothing but a bus. It ends with the world.

use std::path::Path;

use super::*;
use support::Output;

/// From inside the new pid namespace: first into groups of the world's, in each tree (who
/// waits for the machine stays outside: a group that gives controllers has no process).
const JOIN: &str = r#"
set -e
for tree in $(grep -E ' cgroup2? ' /proc/self/mounts | cut -d ' ' -f 2); do
    mkdir -p "$tree/$1"
    for file in cpuset.cpus cpuset.mems; do
        if [ -e "$tree/cgroup.controllers" ] || ! [ -e "$tree/$file" ]; then continue; fi
        cat "$tree/$file" > "$tree/$1/$file"
    done
    if [ -e "$tree/cgroup.controllers" ]; then
        for name in $(cat "$tree/cgroup.controllers"); do
            echo "+$name" > "$tree/cgroup.subtree_control" || true
        done
    fi
    echo 0 > "$tree/$1/cgroup.procs"
done
exec unshare --cgroup sh -c "$2" boot "$3"
"#;

/// Then what a machine needs, and systemd, which takes its units from one folder.
const BOOT: &str = r#"
set -e
mount --bind "$1" "$1"
mount -t tmpfs -o mode=755 machine /run
mkdir -p /run/units /run/none /run/dev
cat > /run/units/first.target <<END
[Unit]
DefaultDependencies=no
Wants=dbus.service
END
cat > /run/units/dbus.socket <<END
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=/run/dbus/system_bus_socket
END
cat > /run/units/dbus.service <<END
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation
END
mount -t tmpfs -o mode=755 machine /run/dev
for name in null zero full random urandom tty; do
    touch "/run/dev/$name"
    mount --bind "/dev/$name" "/run/dev/$name"
done
mkdir /run/dev/pts /run/dev/shm
mount --move /run/dev /dev
trees=$(grep -E ' cgroup2? ' /proc/self/mounts | cut -d ' ' -f 2)
umount $trees
if [ "$trees" != /sys/fs/cgroup ]; then
    mount -t tmpfs -o mode=755 machine /sys/fs/cgroup
fi
for tree in $trees; do
    mkdir -p "$tree"
    case ${tree##*/} in
        cgroup | unified) mount -t cgroup2 cgroup2 "$tree" ;;
        systemd) mount -t cgroup -o none,name=systemd cgroup "$tree" ;;
        *) mount -t cgroup -o "${tree##*/}" cgroup "$tree" ;;
    esac
done
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /sys
mount -o remount,bind,ro /
units=/run/systemd/system.control:/run/systemd/transient:/run/units
exec env -i container=skiff PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    SYSTEMD_UNIT_PATH=$units SYSTEMD_GENERATOR_PATH=/run/none \
    /lib/systemd/systemd --system --unit=first.target --log-target=null --show-status=no
"#;

/// How long it may take to start, beside much else that this machine does.
const BOOTED: Duration = Duration::from_secs(40);

/// The machine.
pub(super) struct Machine {
    pub(super) world: World,
    /// Who waits for its first process.
    _holder: Job,
    /// That process, as the world counts.
    first: String,
}

impl Machine {
    /// A machine that has started, if this one can have it.
    pub(super) fn start() -> Option<Self> {
        let runtime = env!("CARGO_BIN_EXE_skiff-runtime");
        let all = [
            Need::Root,
            Need::Systemd,
            Need::Tool("busybox"),
            Need::Tool("dbus-daemon"),
        ];
        if !needs(&all) {
            return None;
        }
        let world = World::root(runtime);
        let (group, home) = (world.cgroup_parent(), world.home().to_str()?);
        let line = "unshare --mount --pid --fork --kill-child --uts --ipc --mount-proc \
                    sh -c \"$0\" join \"$1\" \"$2\" \"$3\" & echo $! > /run/holder; wait";
        let words = ["sh", "-c", line, JOIN, group, BOOT, home];
        let holder = Job::start(world.command(&words), Some(b""));
        let first = eventually("the machine has a first process", BOOTED, || {
            let line = "p=$(cat /run/holder) && c=$(cat /proc/$p/task/$p/children) \
                        && echo $c && grep -q systemd /proc/${c% }/comm";
            let out = world.run(&["sh", "-c", line]);
            (out.code == 0).then(|| out.stdout.trim().to_owned())
        });
        let machine = Self {
            world,
            _holder: holder,
            first,
        };
        eventually("systemd is on the bus", BOOTED, || {
            let out = machine.run(&["busctl", "status", "org.freedesktop.systemd1"]);
            (out.code == 0).then_some(())
        });
        Some(machine)
    }

    /// Runs a program on the machine.
    pub(super) fn run(&self, words: &[&str]) -> Output {
        let first = format!("--target={}", self.first);
        let enter = [
            "nsenter", &first, "--mount", "--pid", "--cgroup", "--uts", "--ipc",
        ];
        self.world
            .run(&[&enter[..], &["--wd", "--"], words].concat())
    }

    /// The same with a shell.
    pub(super) fn shell(&self, line: &str) -> Output {
        self.run(&["sh", "-c", line])
    }

    /// The units whose name has `word` in it, loaded for whatever reason.
    pub(super) fn units(&self, word: &str) -> String {
        let all = ["systemctl", "list-units", "--all", "--plain", "--no-legend"];
        let all = self.run(&all).ok();
        let lines: Vec<_> = all.lines().filter(|line| line.contains(word)).collect();
        lines.join("\n")
    }

    /// The folders in all trees whose name has `word` in it.
    pub(super) fn folders(&self, word: &str) -> String {
        self.shell(&format!("find /sys/fs/cgroup -name '*{word}*'"))
            .ok()
    }

    /// A file of a group, in whichever tree it is.
    pub(super) fn file(&self, group: &str, file: &str) -> String {
        let line =
            format!("cat /sys/fs/cgroup/*{group}/{file} /sys/fs/cgroup{group}/{file}");
        self.shell(&format!("{line} 2>/dev/null || true"))
            .ok()
            .trim()
            .to_owned()
    }

    /// The group of a process, in each tree.
    pub(super) fn groups_of(&self, pid: &str) -> Vec<(String, String)> {
        let text = self.run(&["cat", &format!("/proc/{pid}/cgroup")]).ok();
        let path = |line: &str| {
            let mut words = line.splitn(3, ':').skip(1).map(str::to_owned);
            Some((words.next()?, words.next()?))
        };
        text.lines().filter_map(path).collect()
    }

    /// Whether a path is there, on the machine.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.run(&["test", "-e", path.to_str().unwrap()]).code == 0
    }
}
