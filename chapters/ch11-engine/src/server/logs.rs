//! `GET /containers/{id}/logs`: what was kept, and what comes.
//!
//! Following waits for the kernel to say that the file has changed (inotify(7)), and
//! for the container's end; it ends when both are read.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::net::unix::pipe;
use tokio::sync::broadcast::Receiver;
use tokio::sync::mpsc::Sender;

use super::call::Call;
use super::respond::{self, Answer};
use super::{App, body};
use crate::api::{Event, MULTIPLEXED_STREAM, RAW_STREAM};
use crate::core::Refusal;
use crate::effects::logs::{Reader, Wanted, parse_moment};

pub(super) async fn logs(call: Call, id: &str) -> Answer {
    let container = call.app.engine.core().find(id)?.clone();
    let terminal = container.config.tty;
    let wanted = wanted(&call, terminal)?;
    if container.host.log_config.kind == "none" {
        return Err(Refusal::unsupported(
            "configured logging driver does not support reading",
        ));
    }
    let path = call.app.engine.roots().log(&container.id);
    let until = wanted.until;
    let follow = match call.flag("follow") {
        true => Some(Follow {
            changes: Changes::of(&path)?,
            events: call.app.hub.subscribe(),
            until,
        }),
        false => None,
    };
    let reader = call
        .blocking(move |_| Reader::open(&path, wanted).map_err(Refusal::from))
        .await?;
    let media = match terminal || call.minor < 42 {
        true => RAW_STREAM,
        false => MULTIPLEXED_STREAM,
    };
    let (lines, body) = body::channel();
    let app = Arc::clone(&call.app);
    tokio::spawn(async move {
        if let Err(refusal) = copy(&app, &container.id, reader, follow, &lines).await {
            tracing::warn!("logs of {}: {refusal}", container.id);
        }
    });
    Ok(respond::with_type(media, body))
}

fn wanted(call: &Call, terminal: bool) -> Result<Wanted, Refusal> {
    let (stdout, stderr) = (call.flag("stdout"), call.flag("stderr"));
    if !stdout && !stderr {
        return Err(Refusal::bad(
            "Bad parameters: you must choose at least one stream",
        ));
    }
    Ok(Wanted {
        stdout,
        stderr,
        since: parse_moment(call.text("since")).map_err(Refusal::bad)?,
        until: parse_moment(call.text("until")).map_err(Refusal::bad)?,
        timestamps: call.flag("timestamps"),
        // Docker takes what is no number for "all".
        tail: call.text("tail").parse().ok(),
        framed: !terminal,
    })
}

struct Follow {
    changes: Changes,
    events: Receiver<Arc<Event>>,
    until: Option<Timestamp>,
}

async fn copy(
    app: &Arc<App>,
    id: &str,
    mut reader: Reader,
    mut follow: Option<Follow>,
    lines: &Sender<Vec<u8>>,
) -> Result<(), Refusal> {
    loop {
        // Looked at before the file is: what a living container wrote before it died
        // is then still to be read.
        let alive = {
            let core = app.engine.core();
            core.get(id).is_some_and(|one| one.state.status.is_alive())
        };
        let (back, portion) = app
            .blocking(move |_| {
                let portion = reader.read()?;
                Ok((reader, portion))
            })
            .await?;
        reader = back;
        if !portion.is_empty() {
            if lines.send(portion).await.is_err() {
                return Ok(());
            }
            continue;
        }
        match &mut follow {
            Some(follow) if alive => {
                tokio::select! {
                    more = follow.more(id) => if !more { return Ok(()) },
                    () = lines.closed() => return Ok(()),
                }
            }
            _ => return Ok(()),
        }
    }
}

impl Follow {
    /// Waits until there may be more; false when the time is up.
    async fn more(&mut self, id: &str) -> bool {
        let time_is_up = async {
            match self.until {
                Some(until) => {
                    let rest = until.duration_since(Timestamp::now());
                    tokio::time::sleep(rest.try_into().unwrap_or_default()).await;
                }
                None => std::future::pending().await,
            }
        };
        let died = async {
            loop {
                match self.events.recv().await {
                    Ok(event) if event.actor.id != id => {}
                    _ => return,
                }
            }
        };
        tokio::select! {
            () = self.changes.next() => true,
            () = died => true,
            () = time_is_up => false,
        }
    }
}

/// News of a file: an inotify descriptor, which is read like a pipe.
struct Changes(pipe::Receiver);

impl Changes {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let flags = InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC;
        let inotify = Inotify::init(flags).context("ask for news of files")?;
        // A container that never ran has no log yet: its folder tells of it.
        let folder = path.parent().unwrap_or(path);
        let what = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE;
        inotify
            .add_watch(folder, what)
            .with_context(|| format!("ask for news of {}", folder.display()))?;
        let news = pipe::Receiver::from_owned_fd_unchecked(OwnedFd::from(inotify))
            .context("wait for news of files")?;
        Ok(Self(news))
    }

    async fn next(&self) {
        let mut what = [0; 4096];
        if let Err(error) = self.0.readable().await {
            tracing::warn!("wait for news of a log: {error}");
        }
        // What it was is all the same.
        while self.0.try_read(&mut what).is_ok_and(|length| length > 0) {}
    }
}
