//! A program on a terminal.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};

use crate::output::code_of;
use crate::stream::Stream;
use crate::{eventually, run};

const LIMIT: Duration = Duration::from_secs(60);

/// A program whose three standard streams are a terminal that the test holds.
pub struct Terminal {
    child: Child,
    master: File,
    /// Kept for `stty`, and so that the screen does not end with the program.
    slave: Option<OwnedFd>,
    seen: Arc<Stream>,
}

impl Terminal {
    /// Starts `command`, which must make the terminal its own (`setsid --ctty`).
    ///
    /// # Panics
    /// If there is no terminal to be had, or the program cannot be started.
    #[track_caller]
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let (master, slave) = open();
        let copy = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command.stdin(copy()).stdout(copy()).stderr(copy());
        let child = command.spawn().expect("start a program on the terminal");
        // The command holds copies of the terminal until it is dropped.
        drop(command);
        let seen = Stream::of(master.try_clone().ok());
        Self {
            child,
            master,
            slave: Some(slave),
            seen,
        }
    }

    /// Types `text`.
    ///
    /// # Panics
    /// If the terminal is gone.
    #[track_caller]
    pub fn say(&mut self, text: &str) {
        self.master
            .write_all(text.as_bytes())
            .expect("the terminal takes what is typed");
    }

    /// Waits until the screen has had `text`; returns all that it has had.
    ///
    /// # Panics
    /// If it does not come within a minute.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        match self.seen.wait_until(LIMIT, |all, _| all.contains(text)) {
            Some(all) if all.contains(text) => all,
            _ => panic!("waited in vain for {text:?}, saw {:?}", self.seen.text()),
        }
    }

    /// All that the screen has had so far.
    #[must_use]
    pub fn screen(&self) -> String {
        self.seen.text()
    }

    /// Runs `stty ARGS` on the terminal: its settings, or another size.
    ///
    /// # Panics
    /// If stty does not like them.
    #[track_caller]
    pub fn stty(&self, args: &[&str]) -> String {
        let mut command = Command::new("stty");
        let slave = self.slave.as_ref().expect("kept until the end");
        let path = nix::unistd::ttyname(slave).expect("a terminal has a name");
        command.arg("-F").arg(path).args(args);
        run(command).ok()
    }

    /// Waits for the program's end; its exit code, and what the screen has had.
    ///
    /// # Panics
    /// If it takes longer than a minute.
    #[track_caller]
    #[must_use]
    pub fn wait(mut self) -> (i32, String) {
        let status = eventually("the end of a program on a terminal", LIMIT, || {
            self.child.try_wait().expect("our own child")
        });
        // With the last descriptor of the terminal closed, the reader sees its end.
        self.slave = None;
        let text = self.seen.wait_until(LIMIT, |_, end| end);
        (
            code_of(status),
            text.expect("nobody else keeps the terminal"),
        )
    }
}

/// Both ends of a new terminal. Not openpty(3), whose descriptors every program that
/// another test starts would inherit, and keep.
fn open() -> (File, OwnedFd) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).expect("a terminal");
    grantpt(&master)
        .and_then(|()| unlockpt(&master))
        .expect("our own terminal");
    let name = ptsname_r(&master).expect("a terminal has a name");
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(flags.bits())
        .open(name);
    let slave = slave.expect("the terminal's other end");
    (File::from(OwnedFd::from(master)), slave.into())
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_terminal(script: &str) -> Terminal {
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", "sh", "-c", script]);
        Terminal::start(command)
    }

    #[test]
    fn what_is_typed_arrives_and_what_is_said_is_seen() {
        let mut terminal = on_terminal("read line; echo \"<$line>\"; exit 3");
        terminal.say("hello\n");
        terminal.wait_for("<hello>");
        assert_eq!(terminal.wait().0, 3);
    }

    #[test]
    fn ctrl_c_is_a_signal_and_a_new_size_is_told() {
        let mut terminal = on_terminal("trap 'stty size; exit 4' INT; echo on; cat");
        terminal.wait_for("on");
        let _ = terminal.stty(&["rows", "41", "cols", "99"]);
        terminal.say("\x03");
        let (code, text) = terminal.wait();
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("41 99"), "{text}");
    }
}
