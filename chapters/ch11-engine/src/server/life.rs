//! `/containers/{id}/…`: what begins and ends a container's life.
//!
//! What waits for a death waits here, without a thread: the shim's answer becomes
//! readable, [`Engine::ended`](crate::effects::Engine::ended) is told, the core's event
//! wakes whoever listens.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::net::UnixStream;
use tokio::sync::mpsc::UnboundedReceiver;

use super::App;
use super::call::Call;
use super::respond::{self, Answer};
use crate::core::{Kind, Refusal, signals};
use crate::effects::Watch;

/// How long a killed container may take to be gone.
const DEATH: Duration = Duration::from_secs(30);

/// `POST /containers/{id}/start`
pub(super) async fn start(call: Call, id: &str) -> Answer {
    let id = id.to_owned();
    call.blocking(move |engine| engine.start(&id)).await?;
    respond::no_content()
}

/// `POST /containers/{id}/stop`
pub(super) async fn stop(call: Call, id: &str) -> Answer {
    end(&call, id).await?;
    respond::no_content()
}

/// `POST /containers/{id}/restart`
pub(super) async fn restart(call: Call, id: &str) -> Answer {
    match end(&call, id).await {
        Err(Refusal {
            kind: Kind::NotModified,
            ..
        })
        | Ok(()) => start(call, id).await,
        Err(refusal) => Err(refusal),
    }
}

/// Asks a container to end; when its time is up, makes it.
async fn end(call: &Call, id: &str) -> Result<(), Refusal> {
    let container = call.app.engine.core().find(id)?.clone();
    let grace = call.number("t")?.unwrap_or(container.stop_timeout());
    let asked = signal(call)?;
    let id = container.id;
    let gone = call.app.gone(&id);
    tokio::pin!(gone);
    let target = id.clone();
    call.blocking(move |engine| engine.ask_to_stop(&target, asked))
        .await?;
    // A negative grace is as long as it takes.
    match u64::try_from(grace).map(Duration::from_secs) {
        Err(_) => {
            gone.await;
            return Ok(());
        }
        Ok(grace) if tokio::time::timeout(grace, &mut gone).await.is_ok() => {
            return Ok(());
        }
        Ok(_) => {}
    }
    let target = id.clone();
    let killed = call
        .blocking(move |engine| engine.kill(&target, libc::SIGKILL))
        .await;
    if let Err(Refusal {
        kind: Kind::Internal,
        message,
    }) = killed
    {
        return Err(anyhow::anyhow!(message).into());
    }
    tokio::time::timeout(DEATH, gone).await.map_err(|_| {
        Refusal::from(anyhow::anyhow!("container {id} does not die of SIGKILL"))
    })
}

/// `POST /containers/{id}/kill`
pub(super) async fn kill(call: Call, id: &str) -> Answer {
    let signal = signal(&call)?.unwrap_or(libc::SIGKILL);
    let id = id.to_owned();
    call.blocking(move |engine| engine.kill(&id, signal))
        .await?;
    respond::no_content()
}

fn signal(call: &Call) -> Result<Option<i32>, Refusal> {
    match call.text("signal") {
        "" => Ok(None),
        text => signals::parse(text)
            .map(Some)
            .ok_or_else(|| Refusal::bad(format!("Invalid signal: {text}"))),
    }
}

/// `POST /containers/{id}/pause`
pub(super) async fn pause(call: Call, id: &str) -> Answer {
    let id = id.to_owned();
    call.blocking(move |engine| engine.pause(&id)).await?;
    respond::no_content()
}

/// `POST /containers/{id}/unpause`
pub(super) async fn unpause(call: Call, id: &str) -> Answer {
    let id = id.to_owned();
    call.blocking(move |engine| engine.unpause(&id)).await?;
    respond::no_content()
}

/// `DELETE /containers/{id}`
pub(super) async fn remove(call: Call, id: &str) -> Answer {
    let force = call.flag("force");
    let id = call.app.engine.core().find(id)?.id.clone();
    let gone = call.app.gone(&id);
    let target = id.clone();
    let removed = call
        .blocking(move |engine| engine.remove(&target, force))
        .await?;
    if !removed {
        tokio::time::timeout(DEATH, gone).await.map_err(|_| {
            Refusal::from(anyhow::anyhow!("container {id} does not die of SIGKILL"))
        })?;
        match call.blocking(move |engine| engine.remove(&id, force)).await {
            // One of `--rm` is removed by its death.
            Err(Refusal {
                kind: Kind::NotFound | Kind::Conflict,
                ..
            })
            | Ok(_) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(respond::empty(StatusCode::NO_CONTENT))
}

impl App {
    /// Resolves when this container does not live; it listens from the call on.
    fn gone(self: &Arc<Self>, id: &str) -> impl Future<Output = ()> + use<> {
        let mut events = self.hub.subscribe();
        let (app, id) = (Arc::clone(self), id.to_owned());
        async move {
            loop {
                let alive = {
                    let core = app.engine.core();
                    core.get(&id).is_some_and(|one| one.state.status.is_alive())
                };
                if !alive {
                    return;
                }
                // Too many events to keep up with are as good as one.
                let _ = events.recv().await;
            }
        }
    }
}

/// Waits for the ends of all processes, each as it comes.
pub(super) async fn watch_all(app: Arc<App>, mut watches: UnboundedReceiver<Watch>) {
    while let Some(watch) = watches.recv().await {
        tokio::spawn(until_end(Arc::clone(&app), watch));
    }
}

async fn until_end(app: Arc<App>, watch: Watch) {
    if let Err(error) = readable(&watch).await {
        // Then a thread waits, which is as right and not as cheap.
        tracing::warn!("watch the end of {}: {error}", watch.container);
    }
    let ended = app.blocking(move |engine| {
        engine.ended(watch);
        Ok(())
    });
    if let Err(refusal) = ended.await {
        tracing::error!("take note of an end: {refusal}");
    }
}

/// Waits until the shim has something to say. What it is, is read where one may block;
/// so the socket is non-blocking in here only.
async fn readable(watch: &Watch) -> std::io::Result<()> {
    let socket = watch.pending.stream();
    socket.set_nonblocking(true)?;
    let waiting = UnixStream::from_std(socket.try_clone()?)?;
    waiting.readable().await?;
    drop(waiting);
    socket.set_nonblocking(false)
}
