//! The life of a shim, from the daemon's call to the container's end.

use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use chroot::process::{Forked, How, fork, leave_after};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Pid, dup2_stdin, getpid};
use workbench::files::write_atomic;
use workbench::steps;

use crate::config::{Config, Folder};
use crate::detach::{detach, leave_shims};
use crate::keeper::{Created, Keeper};
use crate::launcher::launch;
use crate::log::Log;
use crate::orders::{Order, Papers};
use crate::protocol::{Ready, Refusal, Report, Streams};
use crate::stdio::{self, Console, Ours};
use crate::{rootfs, socket};

/// Starts a shim with the configuration at `path`, and returns while it lives on: its
/// report comes on standard output. With `explain`, standard input is the sender of a
/// channel for [`steps`].
///
/// # Errors
/// When it could not be started; the report says so as well.
pub fn run(path: &Path, explain: bool) -> Result<()> {
    let started = begin(path, explain);
    if let Err(error) = &started {
        report(&Report::Failed(Refusal::from_error(error)));
    }
    started
}

fn begin(path: &Path, explain: bool) -> Result<()> {
    // The container's first process is a copy of this one: its file must be out of reach.
    runtime::protect()?;
    close_inherited()?;
    let config = Config::load(path)?;
    let folder = path
        .parent()
        .context("the configuration lies in no folder")?;
    let folder = Folder::new(
        fs::canonicalize(folder).with_context(|| format!("find {}", folder.display()))?,
    );
    steps::role("shim");
    if explain {
        let input = std::io::stdin();
        let sender = input.as_fd().try_clone_to_owned();
        steps::send_to(Some(sender.context("take the channel of the steps")?));
    }
    // The end of the steps must not have to wait for this descriptor as well.
    dup2_stdin(stdio::null()?).context("let go of the standard input")?;
    match fork(&How::default())? {
        Forked::Parent(_) => Ok(()),
        Forked::Child => leave_after(|| live(config, folder)),
    }
}

/// Closes what whoever started the daemon has left open: the shim outlives them, and
/// somebody may wait for the end of a pipe.
fn close_inherited() -> Result<()> {
    let open = fs::read_dir("/proc/self/fd").context("list the open descriptors")?;
    let names = open.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers: Vec<i32> = names.filter_map(|name| name.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The one that listed them is closed already.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

/// The shim itself, detached: brings the container up, reports, and stays.
// ANCHOR: live
fn live(config: Config, folder: Folder) -> Result<i32> {
    let (bundle, complaints) = (config.bundle.clone(), folder.complaints());
    let raised = detach().and_then(|()| raise(config, folder));
    let (keeper, ready) = match raised {
        Ok(raised) => raised,
        Err(error) => {
            let _ = rootfs::unmount(&bundle.join("rootfs"));
            leave_shims();
            report(&Report::Failed(Refusal::from_error(&error)));
            return Ok(1);
        }
    };
    report(&Report::Ready { ready });
    stdio::let_go(&complaints)?;
    keeper.keep()?;
    if fs::metadata(&complaints).is_ok_and(|file| file.len() == 0) {
        let _ = fs::remove_file(&complaints);
    }
    leave_shims();
    Ok(0)
}
// ANCHOR_END: live

/// Everything up to the created container. On an error nothing of it is left.
// ANCHOR: raise
fn raise(config: Config, folder: Folder) -> Result<(Keeper, Ready)> {
    // Before anything is started whose end could be missed.
    let signals = take_signals()?;
    let target = config.bundle.join("rootfs");
    rootfs::mount(config.rootfs.as_ref(), &target)?;
    let log = Log::open(config.log.as_deref())?;
    let listener = listen(&folder)?;
    introduce(None, &folder)?;
    let made = create(&config, &folder).and_then(|(pid, streams)| {
        let ready = introduce(Some(pid), &folder)?;
        Ok((pid, streams, ready))
    });
    let (pid, streams, ready) = made.inspect_err(|_| {
        let _ = delete(&config, &folder);
        let _ = fs::remove_file(folder.pid());
        let _ = fs::remove_file(folder.socket());
    })?;
    let created = Created {
        pid,
        streams,
        signals,
        listener,
        log,
    };
    Ok((Keeper::new(config, folder, created), ready))
}
// ANCHOR_END: raise

/// Signals are read from a descriptor, like all else. What asks a program to end is
/// passed on to the container: the shim ends when that has.
fn take_signals() -> Result<SignalFd> {
    let taken = [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ];
    let mut signals: SigSet = taken.into_iter().collect();
    let descriptor =
        SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .context("read signals from a descriptor")?;
    // Nobody can hang up on a shim.
    signals.add(Signal::SIGHUP);
    signals.thread_block().context("block the signals")?;
    Ok(descriptor)
}

fn listen(folder: &Folder) -> Result<UnixListener> {
    let path = folder.socket();
    ensure!(
        socket::connect(&path).is_err(),
        "another shim listens on {}",
        path.display()
    );
    let _ = fs::remove_file(&path);
    // Bound with its permissions: there is no moment in which others could connect.
    let before = umask(Mode::from_bits_truncate(0o177));
    let listener = socket::listen(&path);
    umask(before);
    let listener = listener.with_context(|| format!("listen on {}", path.display()))?;
    listener
        .set_nonblocking(true)
        .context("never wait for a client")?;
    Ok(listener)
}

/// Makes the container; returns its first process, which waits for its start.
fn create(config: &Config, folder: &Folder) -> Result<(Pid, Ours)> {
    let papers = Papers::new(folder.path(), 0);
    let terminal = config.terminal;
    let console = terminal.then(|| Console::listen(papers.console.clone()));
    let console = console.transpose()?;
    let (ours, theirs) = stdio::pipes(Streams {
        stdin: config.open_stdin && !terminal,
        stdout: !terminal,
        stderr: !terminal,
    })?;
    let job = launch(config, &Order::Create { terminal }, papers, theirs)?;
    job.wait()?;
    let ours = console.map_or(Ok(ours), Console::receive)?;
    Ok((job.started()?, ours))
}

/// Has the runtime take away what it may have made.
fn delete(config: &Config, folder: &Folder) -> Result<()> {
    let papers = Papers::new(folder.path(), 0);
    let (_, theirs) = stdio::pipes(Streams::default())?;
    launch(config, &Order::Delete, papers, theirs)?.wait()
}

/// Writes down who lives here, for when nobody answers.
fn introduce(pid: Option<Pid>, folder: &Folder) -> Result<Ready> {
    let since = |pid| runtime::state::start_time(pid);
    let shim = getpid();
    let ready = Ready {
        pid: pid.map_or(0, Pid::as_raw),
        start_time: match pid {
            Some(pid) => since(pid)?.context("the first process has ended already")?,
            None => 0,
        },
        shim_pid: shim.as_raw(),
        shim_start_time: since(shim)?.unwrap_or_default(),
    };
    let text = serde_json::to_vec(&ready).context("write the pids")?;
    write_atomic(&folder.pid(), &text, false)?;
    Ok(ready)
}

/// The one line on standard output. Who does not read it does not want to know.
fn report(report: &Report) {
    let mut line = serde_json::to_vec(report).unwrap_or_default();
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(&line).and_then(|()| output.flush());
}
