//! The daemon: the Engine API on a socket.
//!
//! One thread turns the requests (tokio, axum); what blocks is done on a few others,
//! which live as long as there is work. `routes.rs` is the table of all that is
//! answered; each other file answers for one group. Nothing in here decides: that is
//! [`crate::core`]'s, and nothing here touches a container: that is
//! [`crate::effects`]'s.

#[expect(
    unsafe_code,
    reason = "a descriptor that was handed over is a bare number"
)]
mod activation;
mod attach;
mod body;
mod call;
mod containers;
mod detach;
mod events;
mod execs;
mod explain;
mod idle;
mod images;
mod life;
mod lock;
mod log;
mod logs;
mod namespace;
mod networks;
mod pump;
mod respond;
mod routes;
mod system;
mod wait;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::core::Refusal;
use crate::effects::{Engine, Roots, Watch};
use events::Hub;
use explain::Explained;
use idle::Idle;

/// How a daemon is to run.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// What lasts: images, containers, volumes.
    pub data_root: PathBuf,
    /// What ends with this boot: the socket, shims, the runtime's state.
    pub exec_root: PathBuf,
    /// Where to listen, like `unix:///run/skiff/skiff.sock`; empty for `skiff.sock` in
    /// the exec root. A socket that was handed over (`LISTEN_FDS`) goes before.
    pub hosts: Vec<String>,
    /// How long to stay with nobody asking and no container running; ever, if `None`.
    pub idle_exit: Option<Duration>,
    /// Whether a client started this daemon.
    pub self_started: bool,
}

/// How long requests may take to finish when the daemon ends.
const GRACE: Duration = Duration::from_secs(1);
/// How long blocking work may take to finish.
const WORK_GRACE: Duration = Duration::from_secs(10);

/// What all requests share.
pub(crate) struct App {
    engine: Engine,
    hub: Arc<Hub>,
    explained: Explained,
    idle: Idle,
    self_started: bool,
    stop: Notify,
}

/// Is the daemon, until it is told to end; containers live on.
///
/// To be called while the process has one thread: an ordinary user's daemon first
/// enters namespaces of its own.
///
/// # Errors
/// Another daemon has these roots; a folder or the socket cannot be made.
pub fn serve(options: &DaemonOptions) -> Result<()> {
    log::to_stderr();
    workbench::steps::role("daemon");
    let roots = Roots {
        data: options.data_root.clone(),
        exec: options.exec_root.clone(),
    };
    namespace::enter(&roots)?;
    roots.make()?;
    let _locks = lock::take(&roots)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(run(options, roots));
    runtime.shutdown_timeout(WORK_GRACE);
    outcome
}

fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(32)
        .thread_keep_alive(Duration::from_secs(1))
        .thread_stack_size(512 * 1024)
        .enable_all()
        .build()
        .context("start the daemon's threads")
}

async fn run(options: &DaemonOptions, roots: Roots) -> Result<()> {
    let listener = activation::listener(options, &roots)?;
    let (hub, watches) = hub();
    let open = {
        let hub = Arc::clone(&hub);
        move || Engine::open(roots, Box::new(hub))
    };
    let engine = tokio::task::spawn_blocking(open)
        .await
        .context("open the engine")??;
    for warning in engine.warnings() {
        tracing::warn!("{warning}");
    }
    let app = Arc::new(App {
        engine,
        hub,
        explained: Explained::default(),
        idle: Idle::default(),
        self_started: options.self_started,
        stop: Notify::new(),
    });
    tokio::spawn(life::watch_all(Arc::clone(&app), watches));
    let address = listener.address();
    tracing::info!("ready on {address}");
    let stopping = stopping(Arc::clone(&app), options.idle_exit);
    let result = listen(Arc::clone(&app), listener.inner, stopping).await;
    listener.guard.remove();
    if !has_living(&app.engine) {
        let tidied = tokio::task::spawn_blocking(move || app.engine.tidy()).await;
        if let Ok(Err(error)) = tidied {
            tracing::warn!("tidy up: {error:#}");
        }
    }
    tracing::info!("ends; containers live on");
    result
}

fn hub() -> (Arc<Hub>, UnboundedReceiver<Watch>) {
    let (send, receive) = unbounded_channel();
    (Arc::new(Hub::new(send)), receive)
}

async fn listen(
    app: Arc<App>,
    listener: UnixListener,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let router = Router::new().fallback(answer).with_state(Arc::clone(&app));
    let (told, hears) = tokio::sync::oneshot::channel();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        stopping.await;
        let _ = told.send(());
    });
    let too_long = async {
        let _ = hears.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving => result.context("serve the API"),
        // Who follows a log or events would keep us for ever.
        () = too_long => Ok(()),
    }
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let guard = app.idle.guard();
    let response = routes::answer(app, request).await;
    response.map(|body| body::guarded(body, guard))
}

/// Resolves when it is time to go.
async fn stopping(app: Arc<App>, idle_exit: Option<Duration>) {
    let idle = async {
        match idle_exit {
            Some(limit) => app.idle.wait(limit, || has_living(&app.engine)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signalled() => {}
        () = app.stop.notified() => {}
        () = idle => tracing::info!("idle"),
    }
}

async fn signalled() {
    let (term, int) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut term), Ok(mut int)) = (term, int) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

fn has_living(engine: &Engine) -> bool {
    engine
        .core()
        .containers()
        .any(|container| container.state.status.is_alive())
}

impl App {
    /// Does what blocks, where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Engine) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            workbench::steps::role("daemon");
            act(&app.engine)
        })
        .await
        .unwrap_or_else(|panic| Err(anyhow::anyhow!("the work failed: {panic}").into()))
    }
}
