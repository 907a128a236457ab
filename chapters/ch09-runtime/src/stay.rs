//! Staying with a process in the foreground: signals are passed on and, when it has a
//! terminal, bytes are carried between that one and the caller's.

use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chroot::process::{Child, Exit, receive_descriptor};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::console;

/// Makes a process by `make`, which gets a console socket if it `wants_terminal`, and
/// stays until it has ended.
pub(crate) fn stay_with(
    wants_terminal: bool,
    make: impl FnOnce(Option<&Path>) -> Result<Child>,
) -> Result<Exit> {
    // Before the process exists, so that no signal falls between.
    let signals = take_signals()?;
    if !wants_terminal {
        return stay(&make(None)?, &signals, None);
    }
    let own = OwnSocket::new()?;
    let child = make(Some(&own.path))?;
    let master = own.receive()?;
    stay(&child, &signals, Some(master))
}

fn take_signals() -> Result<SignalFd> {
    let mut signals = SigSet::empty();
    let passed = [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGWINCH,
    ];
    passed.into_iter().for_each(|signal| signals.add(signal));
    signals
        .thread_block()
        .context("block the signals to be passed on")?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .context("read signals from a descriptor")
}

/// Stays with the container until its first process has ended.
fn stay(child: &Child, signals: &SignalFd, master: Option<OwnedFd>) -> Result<Exit> {
    let mut terminal = master.map(Terminal::begin).transpose()?;
    loop {
        let mut watched = vec![
            PollFd::new(child.pidfd.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(terminal) = &terminal {
            watched.push(PollFd::new(terminal.master.as_fd(), PollFlags::POLLIN));
            if terminal.typing {
                watched.push(PollFd::new(terminal.keyboard.as_fd(), PollFlags::POLLIN));
            }
        }
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("watch the container"),
        }
        let ready: Vec<bool> = watched.iter().map(|fd| fd.any() == Some(true)).collect();
        if let Some(terminal) = &mut terminal {
            if ready[2] {
                terminal.show();
            }
            if ready.get(3) == Some(&true) {
                terminal.type_in();
            }
        }
        while let Ok(Some(signal)) = signals.read_signal() {
            let number = i32::try_from(signal.ssi_signo).unwrap_or(0);
            match &terminal {
                Some(terminal) if number == libc::SIGWINCH => terminal.follow_size(),
                _ => child.send(number).unwrap_or_default(),
            }
        }
        if ready[0] {
            if let Some(terminal) = &mut terminal {
                while terminal.show() {}
            }
            return child.wait();
        }
    }
}

/// The caller's terminal in raw mode, tied to the container's; put back when dropped.
struct Terminal {
    master: File,
    keyboard: OwnedFd,
    typing: bool,
    before: Option<Termios>,
}

impl Terminal {
    fn begin(master: OwnedFd) -> Result<Self> {
        let keyboard = stdin()
            .as_fd()
            .try_clone_to_owned()
            .context("hold the terminal")?;
        let before = tcgetattr(&keyboard).ok();
        if let Some(before) = &before {
            let mut raw = before.clone();
            cfmakeraw(&mut raw);
            tcsetattr(&keyboard, SetArg::TCSANOW, &raw)
                .context("make the terminal raw")?;
        }
        let terminal = Self {
            master: master.into(),
            keyboard,
            typing: true,
            before,
        };
        terminal.follow_size();
        Ok(terminal)
    }

    /// Passes on what the container printed; whether there may be more.
    fn show(&mut self) -> bool {
        let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        if !poll(&mut ready, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut part = [0_u8; 8192];
        // The slave's last holder is gone: EIO.
        let Ok(length) = self.master.read(&mut part) else {
            return false;
        };
        let mut out = stdout().lock();
        length > 0
            && out
                .write_all(&part[..length])
                .and_then(|()| out.flush())
                .is_ok()
    }

    fn type_in(&mut self) {
        let mut part = [0_u8; 4096];
        let typed = match nix::unistd::read(&self.keyboard, &mut part) {
            Ok(0) | Err(_) => None,
            Ok(length) => self.master.write_all(&part[..length]).ok(),
        };
        self.typing = typed.is_some();
    }

    fn follow_size(&self) {
        if let Some(size) = console::size(self.keyboard.as_fd()) {
            let _ = console::resize(self.master.as_fd(), size);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(&self.keyboard, SetArg::TCSANOW, before);
        }
    }
}

/// A console socket of the runtime's own, for a terminal that it keeps.
struct OwnSocket {
    folder: PathBuf,
    path: PathBuf,
    listener: UnixListener,
}

impl OwnSocket {
    fn new() -> Result<Self> {
        let template = std::env::temp_dir().join("skiff-console-XXXXXX");
        let folder =
            nix::unistd::mkdtemp(&template).context("make a folder for a socket")?;
        let path = folder.join("socket");
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("listen on {}", path.display()))?;
        Ok(Self {
            folder,
            path,
            listener,
        })
    }

    fn receive(&self) -> Result<OwnedFd> {
        let (stream, _) = self.listener.accept().context("receive the terminal")?;
        receive_descriptor(stream.as_fd())?
            .context("the console socket brought no terminal")
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
