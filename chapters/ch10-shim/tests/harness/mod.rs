//! A container of the bench, for tests: started by the program, asked through the
//! library, as a daemon would.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use shim::client::Shim;
use shim::frame::{Reader, Stream};
use shim::{Config, Exec, Exit, Folder, Ready, Streams, log};
use support::{Need, Ordinary, Output, World, eventually, run};

pub(crate) const ALL: Streams = Streams {
    stdin: true,
    stdout: true,
    stderr: true,
};

/// How long anything may take here.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

enum Who {
    Ordinary(Ordinary),
    Root(World),
}

/// A container, in the hands of somebody.
pub(crate) struct Bench {
    who: Who,
    pub(crate) folder: Folder,
    pub(crate) shim: Shim,
}

impl Bench {
    /// A place for a container; `None` where an ordinary user can have none.
    pub(crate) fn new() -> Option<Self> {
        if !support::needs(&[Need::User, Need::UserNamespace]) {
            return None;
        }
        Some(Self::of(Who::Ordinary(Ordinary::new())))
    }

    /// A place for a container in a world of root's; `None` where that is not to be had.
    pub(crate) fn root(needs: &[Need]) -> Option<Self> {
        if !support::needs(&[&[Need::Root], needs].concat()) {
            return None;
        }
        let world = World::root(env!("CARGO_BIN_EXE_ch10"));
        Some(Self::of(Who::Root(world)))
    }

    fn of(who: Who) -> Self {
        let home = match &who {
            Who::Ordinary(user) => user.home(),
            Who::Root(world) => world.home(),
        };
        let folder = Folder::new(home.join("container"));
        let shim = Shim::new(folder.clone());
        Self { who, folder, shim }
    }

    /// Root's world.
    pub(crate) fn world(&self) -> &World {
        match &self.who {
            Who::Root(world) => world,
            Who::Ordinary(_) => panic!("an ordinary user's container has no world"),
        }
    }

    /// The bench's program with these words.
    pub(crate) fn ch10(&self, words: &[&str]) -> Output {
        match &self.who {
            Who::Ordinary(user) => {
                let mut command = user.command(env!("CARGO_BIN_EXE_ch10"));
                command.args(words);
                run(command)
            }
            Who::Root(world) => world.skiff(words),
        }
    }

    /// A shell's script as this user, with the bench's program as `$0`.
    pub(crate) fn shell(&self, script: &str) -> Output {
        let program = env!("CARGO_BIN_EXE_ch10");
        match &self.who {
            Who::Ordinary(user) => {
                let within_reach = user.command(program);
                let mut command = user.command("sh");
                command.args(["-c", script]).arg(within_reach.get_program());
                run(command)
            }
            Who::Root(world) => world.run(&["sh", "-c", script, program]),
        }
    }

    /// Starts a container; the program that did it has ended when this returns.
    pub(crate) fn start(&self, words: &[&str]) {
        let folder = self.path("").to_string_lossy().into_owned();
        let mut all = vec!["start", folder.as_str()];
        all.extend(words);
        self.ch10(&all).ok();
    }

    /// A shell's script in a container.
    pub(crate) fn script(&self, script: &str) {
        self.start(&["-i", "--", "sh", "-c", script]);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn pids(&self) -> Ready {
        let text = fs::read(self.folder.pid()).expect("somebody lives here");
        serde_json::from_slice(&text).expect("pids")
    }

    /// How it ends.
    pub(crate) fn end(&self) -> Exit {
        match self.shim.wait(None).and_then(shim::client::Pending::exit) {
            Ok(exit) => exit,
            Err(shim::client::Error::Gone) => self.exit_file(),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn exit_file(&self) -> Exit {
        let text = fs::read(self.path("exit.json")).expect("an exit file");
        serde_json::from_slice(&text).expect("an exit")
    }

    /// What the log says of a stream.
    pub(crate) fn log(&self, stream: &str) -> String {
        let text = fs::read_to_string(self.path("log")).expect("a log");
        let entries = text.lines().map(|line| {
            serde_json::from_str::<log::Entry>(line).expect("an entry of the log")
        });
        entries
            .filter(|e| e.stream == stream)
            .map(|e| e.log)
            .collect()
    }

    pub(crate) fn config(&self) -> Config {
        Config::load(&self.folder.config()).expect("a configuration")
    }

    /// Waits until the shim's process is gone.
    pub(crate) fn gone(&self, pid: i32) {
        let path = format!("/proc/{pid}");
        eventually("the end of a process", LIMIT, || {
            (!fs::exists(&path).unwrap_or(true) || is_zombie(pid)).then_some(())
        });
    }
}

impl Drop for Bench {
    /// No test leaves a container behind, however it ends.
    fn drop(&mut self) {
        let _ = self.shim.kill(libc::SIGKILL, false);
        if let Ok(pending) = self.shim.wait(None) {
            let _ = pending.exit();
        }
        use std::os::unix::fs::PermissionsExt;
        let open = fs::Permissions::from_mode(0o700);
        let _ = fs::set_permissions(self.path("work/work"), open);
    }
}

pub(crate) fn is_zombie(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z'))
}

/// Both outputs of a stream, to its end.
pub(crate) fn read_all(stream: &mut UnixStream) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut bytes = Vec::new();
    stream.set_read_timeout(Some(LIMIT)).expect("a stream");
    stream.read_to_end(&mut bytes).expect("a stream to its end");
    let take = |stream, piece: &[u8]| match stream {
        Stream::Stdout => out.extend_from_slice(piece),
        Stream::Stderr => err.extend_from_slice(piece),
    };
    Reader::default().read(&bytes, take).expect("frames");
    (out, err)
}

/// Writes all of a stream's input, and ends it.
pub(crate) fn say(stream: &mut UnixStream, text: &str) {
    stream
        .write_all(text.as_bytes())
        .expect("the shim takes it");
    stream.shutdown(Shutdown::Write).expect("an open stream");
}

/// Reads a terminal until it has shown `text`.
pub(crate) fn read_until(stream: &mut UnixStream, text: &str) -> String {
    stream.set_read_timeout(Some(LIMIT)).expect("a stream");
    let (mut shown, mut buffer) = (String::new(), [0; 4096]);
    while !shown.contains(text) {
        let length = stream.read(&mut buffer).expect("a stream");
        assert!(length > 0, "{text:?} never came: {shown:?}");
        shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    shown
}

/// What is asked for to run `args` in the container.
pub(crate) fn exec(id: &str, args: &[&str]) -> Exec {
    Exec {
        id: id.to_owned(),
        process: serde_json::json!({
            "args": args, "cwd": "/", "user": { "uid": 0, "gid": 0 },
            "env": ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"],
        }),
        terminal: false,
        streams: Streams { ..ALL },
        detach: false,
    }
}
