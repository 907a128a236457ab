//! `start`: containers that are there already.

use anyhow::{Result, ensure};
use engine::client::signals::Signals;
use engine::client::{Client, WaitUntil};

use super::run::{Attached, detach_keys};
use super::{check_terminal, done};
use crate::cli::container::Start;
use crate::output;

/// `skiff start`.
pub(super) async fn run(client: &Client, typed: &Start) -> Result<u8> {
    let names = &typed.names.containers;
    if !(typed.attach || typed.interactive) {
        return in_order(client, names).await;
    }
    ensure!(
        names.len() == 1,
        "you cannot start and attach multiple containers at once"
    );
    let detach = detach_keys(typed.detach_keys.as_deref())?;
    let found = client.container(&names[0]).await?;
    let stdin = typed.interactive && found.config.open_stdin;
    check_terminal(stdin, found.config.tty)?;
    let attached = Attached {
        client,
        id: &found.id,
        terminal: found.config.tty,
        stdin,
        detach,
    };
    let until = match found.host_config.auto_remove {
        true => WaitUntil::Removed,
        false => WaitUntil::NextExit,
    };
    let signals = match found.config.tty {
        true => Signals::ending()?,
        false => Signals::forwarded(client, &found.id)?,
    };
    let work = async {
        let stream = attached.attach(typed.detach_keys.clone()).await?;
        let wait = client.wait(&found.id, until).await?;
        client.start(&found.id).await?;
        attached.carry(stream, wait).await
    };
    signals.attend(work).await
}

/// One after the other: the second may need the first.
async fn in_order(client: &Client, names: &[String]) -> Result<u8> {
    let mut errors = Vec::new();
    for name in names {
        match client.start(name).await {
            Ok(_) => output::line(name)?,
            Err(error) => errors.push(error),
        }
    }
    done(errors)
}
