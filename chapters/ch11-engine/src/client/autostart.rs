//! A daemon that starts by itself, and that goes when another build comes.
//!
//! With nobody on the socket, the client binds it, listens, and hands it to a daemon
//! that it spawns, as socket activation does: connecting succeeds at once, however
//! long the daemon takes. Of ten clients that race one holds the lock; the others
//! find a socket that listens.
//!
//! ```text
//! client                                           daemon
//! flock(autostart.lock)
//! connect again: still nobody
//! flock(daemon.lock): nobody; unlock
//! unlink, bind, listen on skiff.sock
//! posix_spawn(/proc/self/exe daemon) ───────────▶  the socket is its fd 3
//! unlock                                           flock(daemon.lock), accept
//! connect, HEAD /_ping ─────────────────────────▶  Api-Version, Skiff-Build
//! ```
//!
//! A daemon that was started so and is of another build than the client is asked to
//! stop; when it has let go of `daemon.lock`, ours starts. Containers live on.

mod spawn;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::fcntl::{Flock, FlockArg};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use workbench::diagnosis::with_hint;
use workbench::steps::step;

use super::system::Greeting;
use super::{Client, Host, Roots};
use spawn::Spawned;

/// How long a daemon that was asked to stop may take.
const GOODBYE: Duration = Duration::from_secs(10);
/// How many lines of its log a daemon is quoted with.
const LAST_WORDS: usize = 10;

/// Greets the daemon of `roots`, which `client` speaks to; starts it if there is none.
pub(super) async fn greet(client: &Client, roots: &Roots) -> Result<(Greeting, Notice)> {
    let mut started = None;
    let mut notice = None;
    for _ in 0..3 {
        match client.greet().await {
            Ok(greeting) if is_of_another_build(&greeting) && notice.is_none() => {
                notice = Some(other_build(&greeting));
                started = hand_over(client, roots).await?;
            }
            Ok(greeting) => return Ok((greeting, notice)),
            Err(error) => match (trouble(&error), started.as_ref()) {
                (Trouble::Nobody | Trouble::Lost, Some(ours)) => {
                    if let Some(words) = last_words(ours, roots).await {
                        return Err(words);
                    }
                }
                (Trouble::Nobody, None) => started = start(roots).await?,
                (Trouble::Lost, None) => {}
                (Trouble::Denied, _) => return Err(with_hint(error, denied(roots))),
                (Trouble::Other, _) => return Err(error),
            },
        }
    }
    bail!("no daemon stays at {}", client.host)
}

/// One line for the user about what happened to his daemon.
pub(super) type Notice = Option<String>;

fn is_of_another_build(greeting: &Greeting) -> bool {
    let build = greeting.build.as_deref();
    greeting.self_started && build.is_some_and(|build| build != *crate::BUILD_ID)
}

fn other_build(greeting: &Greeting) -> String {
    let theirs = greeting.build.as_deref().unwrap_or_default();
    format!(
        "the daemon was of another build ({theirs}): started this one's; containers live on"
    )
}

/// Why a greeting failed.
enum Trouble {
    /// There is no socket, or nobody listens on it.
    Nobody,
    /// Somebody listened and is gone.
    Lost,
    Denied,
    Other,
}

fn trouble(error: &anyhow::Error) -> Trouble {
    let kind = error
        .chain()
        .find_map(|link| link.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    match kind {
        Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Trouble::Nobody,
        Some(ErrorKind::PermissionDenied) => Trouble::Denied,
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Trouble::Lost,
        _ if error
            .chain()
            .any(<dyn std::error::Error>::is::<hyper::Error>) =>
        {
            Trouble::Lost
        }
        _ => Trouble::Other,
    }
}

/// Whether greeting failed because nobody listens.
pub(super) fn is_nobody(error: &anyhow::Error) -> bool {
    matches!(trouble(error), Trouble::Nobody)
}

/// Puts onto an error that greeting `host` gave what the user can do about it.
pub(super) fn or_hint(error: anyhow::Error, host: &Host) -> anyhow::Error {
    match trouble(&error) {
        Trouble::Nobody => with_hint(
            error,
            format!("skiff daemon --host {host} starts one there"),
        ),
        Trouble::Denied => {
            with_hint(error, "the socket is another user's; try with sudo")
        }
        Trouble::Lost | Trouble::Other => error,
    }
}

fn denied(roots: &Roots) -> String {
    format!(
        "you may not write to {}; it is another user's engine: type sudo skiff …, or \
         unset SKIFF_EXEC_ROOT to use your own",
        roots.socket().display()
    )
}

/// Starts a daemon, unless somebody else has just done so.
async fn start(roots: &Roots) -> Result<Option<Spawned>> {
    let lock = lock_starting(roots)?;
    let started = match UnixStream::connect(roots.socket()) {
        Ok(_) => None,
        Err(_) => Some(start_locked(roots).await?),
    };
    drop(lock);
    Ok(started)
}

/// The lock of whoever starts a daemon.
fn lock_starting(roots: &Roots) -> Result<Flock<File>> {
    roots.make_exec()?;
    lock(&roots.exec.join("autostart.lock"))
}

async fn start_locked(roots: &Roots) -> Result<Spawned> {
    let socket = roots.socket();
    ensure!(
        super::roots::fits(&socket),
        "{} is too long for a socket's name; set SKIFF_EXEC_ROOT to a shorter folder",
        socket.display()
    );
    // One that is about to end must not find our socket under its name.
    wait_until_gone(roots).await?;
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error)
                .with_context(|| format!("remove the stale {}", socket.display()));
        }
        _ => {}
    }
    let listener = step(
        11,
        format_args!("bind({socket:?}), listen"),
        "from here on connecting succeeds, whoever accepts",
        || spawn::listen(&socket),
    )?;
    step(
        11,
        format_args!("posix_spawn([\"skiff\", \"daemon\", \"--self-started\", …])"),
        "the daemon gets the listening socket as descriptor 3",
        || spawn::daemon(listener, roots),
    )
}

async fn hand_over(client: &Client, roots: &Roots) -> Result<Option<Spawned>> {
    let lock = lock_starting(roots)?;
    // Another client of our build may have been faster.
    let greeting = client.greet().await;
    if greeting.is_ok_and(|greeting| !is_of_another_build(&greeting)) {
        return Ok(None);
    }
    let stopped = client.stop_daemon().await;
    stopped.context("stop the daemon of another build")?;
    let started = start_locked(roots).await?;
    drop(lock);
    Ok(Some(started))
}

/// Waits until no daemon holds `daemon.lock`.
///
/// # Errors
/// When one still does so after ten seconds.
pub async fn wait_until_gone(roots: &Roots) -> Result<()> {
    let path = roots.exec.join("daemon.lock");
    let free = spawn_blocking(move || lock(&path).map(drop));
    match timeout(GOODBYE, free).await {
        Ok(done) => done.context("wait for the old daemon")?,
        Err(_) => bail!(
            "a daemon that listens elsewhere, or does not end, has {}",
            roots.exec.display()
        ),
    }
}

fn lock(path: &Path) -> Result<Flock<File>> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("open {}", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, errno)| errno)
        .with_context(|| format!("lock {}", path.display()))
}

/// Why the daemon that we spawned is gone, in its own words; `None` while it lives.
async fn last_words(daemon: &Spawned, roots: &Roots) -> Option<anyhow::Error> {
    let status = daemon.status().await?;
    let said = read_from(&roots.log(), daemon.log_before).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = &lines[lines.len().saturating_sub(LAST_WORDS)..];
    let error = anyhow!("the daemon ended at once ({status}): {}", last.join("\n"));
    let log = roots.log();
    Some(with_hint(error, format!("its log is {}", log.display())))
}

fn read_from(path: &Path, position: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
