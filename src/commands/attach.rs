//! `attach`: the streams of a container that runs.

use anyhow::{Result, ensure};
use engine::client::signals::Signals;
use engine::client::{Client, WaitUntil};

use super::check_terminal;
use super::run::{Attached, detach_keys};
use crate::cli::container::Attach;

/// `skiff attach`.
pub(super) async fn run(client: &Client, typed: &Attach) -> Result<u8> {
    let detach = detach_keys(typed.detach_keys.as_deref())?;
    let found = client.container(&typed.container).await?;
    ensure!(
        found.state.running,
        "you cannot attach to a stopped container, start it first"
    );
    ensure!(
        !found.state.paused,
        "you cannot attach to a paused container, unpause it first"
    );
    let stdin = !typed.no_stdin && found.config.open_stdin;
    check_terminal(stdin, found.config.tty)?;
    let attached = Attached {
        client,
        id: &found.id,
        terminal: found.config.tty,
        stdin,
        detach,
    };
    let signals = match typed.sig_proxy && !found.config.tty {
        true => Signals::forwarded(client, &found.id)?,
        false => Signals::ending()?,
    };
    let work = async {
        let wait = client.wait(&found.id, WaitUntil::NotRunning).await?;
        let stream = attached.attach(typed.detach_keys.clone()).await?;
        attached.carry(stream, wait).await
    };
    signals.attend(work).await
}
