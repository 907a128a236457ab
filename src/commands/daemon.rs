//! `daemon`: run it in the foreground, or stop the one that started by itself.

use std::env;
use std::path::{PathBuf, absolute};
use std::time::Duration;

use anyhow::{Context, Result};
use engine::client::{self, Client, Host, Roots, autostart};
use engine::server::{DaemonOptions, serve};

use crate::cli::system::Daemon;
use crate::output;

/// How long a daemon that a client started stays when it has nothing to do.
const IDLE: Duration = Duration::from_secs(600);

/// `skiff daemon`.
pub(super) fn run(typed: Daemon, host: Option<&Host>) -> Result<u8> {
    let options = options(typed, host)?;
    if options.self_started {
        // The folder where somebody happened to type is not ours to keep busy.
        env::set_current_dir("/").context("go to /")?;
    }
    serve(&options)?;
    Ok(0)
}

fn options(typed: Daemon, host: Option<&Host>) -> Result<DaemonOptions> {
    let roots = Roots::of_this_user();
    let root = |typed: Option<PathBuf>, own: PathBuf| {
        let path = typed.unwrap_or(own);
        absolute(&path).with_context(|| format!("find {}", path.display()))
    };
    let hosts = match typed.listen.is_empty() {
        true => host.iter().map(ToString::to_string).collect(),
        false => typed.listen,
    };
    Ok(DaemonOptions {
        data_root: root(typed.data_root, roots.data)?,
        exec_root: root(typed.exec_root, roots.exec)?,
        hosts,
        idle_exit: typed.idle_exit.or(typed.self_started.then_some(IDLE)),
        self_started: typed.self_started,
    })
}

/// `skiff daemon stop`: returns when it is gone; one that does not run is stopped.
pub(super) fn stop(host: Option<Host>) -> Result<u8> {
    client::run(async {
        let own = host.is_none();
        let Some(client) = Client::connect_to_running(host).await? else {
            output::note("skiff: no daemon runs");
            return Ok(0);
        };
        client.stop_daemon().await?;
        if own {
            autostart::wait_until_gone(&Roots::of_this_user()).await?;
        }
        Ok(0)
    })
}
