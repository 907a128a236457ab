//! Running things in a world: `nsenter`, as whoever the world is for.

use std::process::Command;

use nix::unistd::Uid;

use super::{Who, World};
use crate::{Job, Output, Terminal, run};

impl World {
    /// Runs a program of the world to its end, for a minute at most.
    ///
    /// # Panics
    /// If it takes longer.
    #[track_caller]
    #[must_use = "use the output, or say `let _`"]
    pub fn run(&self, words: &[&str]) -> Output {
        run(self.command(words))
    }

    /// Runs `skiff` with `args`.
    ///
    /// # Panics
    /// If it takes longer than a minute.
    #[track_caller]
    #[must_use = "use the output, or say `let _`"]
    pub fn skiff(&self, args: &[&str]) -> Output {
        run(self.skiff_command(args))
    }

    /// Starts `skiff` with `args`, its input open.
    #[track_caller]
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Job {
        Job::start(self.skiff_command(args), None)
    }

    /// Starts `skiff` with `args` on a terminal.
    #[track_caller]
    #[must_use]
    pub fn on_terminal(&self, args: &[&str]) -> Terminal {
        let mut words = self.skiff_words();
        words.extend(args);
        self.command_on_terminal(&words)
    }

    /// Starts a program of the world on a terminal.
    #[track_caller]
    #[must_use]
    pub fn command_on_terminal(&self, words: &[&str]) -> Terminal {
        Terminal::start(self.entering(&["setsid", "--ctty", "--wait"], words))
    }

    /// `skiff` with `args` as a command, to change before it runs.
    #[must_use]
    pub fn skiff_command(&self, args: &[&str]) -> Command {
        let mut words = self.skiff_words();
        words.extend(args);
        self.command(&words)
    }

    fn skiff_words(&self) -> Vec<&str> {
        vec![self.skiff.to_str().expect("paths of tests are text")]
    }

    /// A program of the world as a command, to change before it runs.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        self.entering(&[], words)
    }

    fn entering(&self, before: &[&str], words: &[&str]) -> Command {
        let mut all: Vec<String> = before.iter().map(ToString::to_string).collect();
        all.extend(["nsenter", "--wd"].map(String::from));
        all.extend([format!("--target={}", self.holder.id())]);
        let spaces = [
            ("mount", "mnt"),
            ("net", "net"),
            ("pid", "pid_for_children"),
        ];
        let namespace = |(flag, file): (&str, &str)| {
            format!("--{flag}={}", self.proc(&format!("ns/{file}")).display())
        };
        all.extend(spaces.map(namespace));
        if !Uid::effective().is_root() {
            all.extend([namespace(("user", "user")), "--preserve-credentials".into()]);
        } else if let Who::Ordinary(user) = &self.who {
            let (uid, gid) = user.ids();
            all.extend([format!("--setuid={uid}"), format!("--setgid={gid}")]);
        }
        all.push("--".into());
        all.extend(words.iter().map(ToString::to_string));
        let mut command = Command::new(&all[0]);
        command.args(&all[1..]).env_clear().envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = match &self.who {
            Who::Ordinary(user) => {
                // As on a real machine: short enough for the names of sockets.
                let mut environment = user.environment();
                environment.retain(|(name, _)| *name != "XDG_RUNTIME_DIR");
                environment
                    .push(("XDG_RUNTIME_DIR", format!("/run/user/{}", user.ids().0)));
                environment
            }
            Who::Root(home) => vec![
                (
                    "PATH",
                    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
                ),
                ("HOME", home.path().display().to_string()),
                ("LANG", "C.UTF-8".into()),
            ],
        };
        environment.push(("SKIFF_CGROUP_PARENT", self.cgroup_parent.clone()));
        environment.push(("TERM", "xterm".into()));
        // Errors of the program under test are read by people too.
        environment.push(("RUST_BACKTRACE", "0".into()));
        environment
    }
}
