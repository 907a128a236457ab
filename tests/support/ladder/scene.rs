//! What is attacked: a root, and beside it a host with something to lose.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use super::ATTACK;
use crate::Ordinary;

/// A user with a root file system, a file, a process and a socket.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) user: Ordinary,
    word: String,
    victim: Victim,
    socket: String,
    _listener: UnixListener,
}

/// A process that ends with the scene.
#[derive(Debug)]
struct Victim(Child);

impl Victim {
    fn of(user: &Ordinary) -> Self {
        let mut sleep = user.command("sleep");
        sleep.arg("60").stdin(Stdio::null());
        Self(sleep.spawn().expect("a process to lose"))
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    /// A new scene; `furnish` fills the root.
    pub(crate) fn set(furnish: &dyn Fn(&Path)) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Digits only: it is a fraction of a second too.
        let word = format!("{:07}{count:03}", std::process::id());
        let user = Ordinary::new();
        let (uid, gid) = user.ids();
        fs::write(user.home().join("file"), &word).expect("a file in the home");
        let victim = Victim::of(&user);
        let socket = format!("skiff-ladder-{word}");
        let address = SocketAddr::from_abstract_name(&socket).expect("a short name");
        let listener = UnixListener::bind_addr(&address).expect("a new socket");
        let root = user.home().join("root");
        fs::create_dir(&root).expect("a folder in the home");
        furnish(&root);
        let attacker = root.join("attack");
        bring_this_program(&attacker);
        if Uid::effective().is_root() {
            let owner = format!("{uid}:{gid}");
            done(Command::new("chown").args(["-hR", &owner]).arg(&root));
        }
        chown(user.home().join("file"), Some(uid), Some(gid)).expect("our own file");
        Self {
            user,
            word,
            victim,
            socket,
            _listener: listener,
        }
    }

    /// Makes good what the attack before has taken.
    pub(crate) fn renew(&mut self) {
        self.victim = Victim::of(&self.user);
    }

    /// The folder that becomes the root.
    pub(crate) fn root(&self) -> PathBuf {
        self.user.home().join("root")
    }

    /// What is run in the root to make this attack.
    pub(crate) fn attacker(&self, attack: &str) -> Vec<String> {
        let file = self.user.home().join("file");
        let told = [
            format!("LD_LIBRARY_PATH={LIBRARIES}"),
            format!("{ATTACK}={attack}"),
            format!("SKIFF_FILE={}", file.display()),
            format!("SKIFF_WORD={}", self.word),
            format!("SKIFF_PROCESS={}", self.victim.0.id()),
            format!("SKIFF_SOCKET={}", self.socket),
        ];
        let program = ["/attack/program", "attacker", "--exact", "--nocapture"];
        std::iter::once("env".to_owned())
            .chain(told)
            .chain(program.map(str::to_owned))
            .collect()
    }

    pub(crate) fn victim_has_died(&self) -> bool {
        let path = format!("/proc/{}/stat", self.victim.0.id());
        let stat = fs::read_to_string(path).unwrap_or_default();
        // Dead and not buried: the state stands after the name in brackets.
        stat.rsplit(')')
            .next()
            .is_none_or(|rest| rest.trim_start().starts_with('Z'))
    }

    /// Whether a process of the attacker's outlived it; it is ended.
    pub(crate) fn somebody_stayed(&self) -> bool {
        let mark = format!("0.{}", self.word);
        let mut stayed = false;
        for entry in fs::read_dir("/proc").expect("proc(5)").flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if words
                .split(|byte| *byte == 0)
                .any(|word| word == mark.as_bytes())
            {
                stayed = true;
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        stayed
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }

    pub(crate) fn mode_of(&self, path: &str) -> u32 {
        let file = fs::symlink_metadata(self.root().join(path));
        file.map_or(0, |file| file.permissions().mode())
    }
}

const LIBRARIES: &str = "/attack/lib";

/// Copies the running program, and all that it is linked to: what it has mapped.
fn bring_this_program(to: &Path) {
    let libraries = to.join("lib");
    fs::create_dir_all(&libraries).expect("a folder of our own");
    let program = std::env::current_exe().expect("proc(5)");
    // By a process of its own: see Ordinary::command.
    done(Command::new("cp").arg(&program).arg(to.join("program")));
    let maps = fs::read_to_string("/proc/self/maps").expect("proc(5)");
    for line in maps.lines() {
        let path = line.find('/').map_or("", |at| &line[at..]);
        let name = Path::new(path).file_name().unwrap_or_default();
        let copy = libraries.join(name);
        if path.contains(".so") && !copy.exists() {
            done(Command::new("cp").args(["-L", path]).arg(&copy));
        }
    }
}

#[track_caller]
fn done(command: &mut Command) {
    let status = command.status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}
