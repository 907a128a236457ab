//! `run`: create, attach, wait, start; carry the streams; leave with its status.
//!
//! The order is docker's: who attaches and waits before the start misses nothing.

use std::io::{IsTerminal, stdout};

use anyhow::Result;
use engine::client::session::{Ended, Session};
use engine::client::signals::Signals;
use engine::client::terminal::{DetachKeys, Follower};
use engine::client::{Attach, Client, Hijacked, Wait, WaitUntil};

use super::{check_terminal, create, exit_status};
use crate::cli::create::Run;
use crate::output;

/// `skiff run`.
pub(super) async fn run(client: &Client, typed: &Run) -> Result<u8> {
    let detach = detach_keys(typed.detach_keys.as_deref())?;
    if !typed.detach {
        check_terminal(typed.create.interactive, typed.create.tty)?;
    }
    let (created, _) = create::create(client, &typed.create, typed.detach).await?;
    let id = &created.id;
    if typed.detach {
        client.start(id).await?;
        output::line(id)?;
        return Ok(0);
    }
    let attached = Attached {
        client,
        id,
        terminal: typed.create.tty,
        stdin: typed.create.interactive,
        detach,
    };
    let until = match typed.create.rm {
        true => WaitUntil::Removed,
        false => WaitUntil::NextExit,
    };
    // From here on a Ctrl-C is the container's; on a terminal it gets the key itself.
    let signals = match typed.sig_proxy && !typed.create.tty {
        true => Signals::forwarded(client, id)?,
        false => Signals::ending()?,
    };
    let work = async {
        let stream = attached.attach(typed.detach_keys.clone()).await?;
        let wait = client.wait(id, until).await?;
        if let Err(error) = client.start(id).await {
            if typed.create.rm {
                // The daemon removes what did not start; nothing shall be seen of it.
                let _ = wait.exit().await;
            }
            return Err(error);
        }
        attached.carry(stream, wait).await
    };
    signals.attend(work).await
}

/// Docker's keys, or those that were typed.
pub(super) fn detach_keys(typed: Option<&str>) -> Result<DetachKeys> {
    typed.map_or_else(|| Ok(DetachKeys::default()), str::parse)
}

/// A container whose streams are ours.
#[derive(Debug)]
pub(super) struct Attached<'c> {
    pub(super) client: &'c Client,
    pub(super) id: &'c str,
    pub(super) terminal: bool,
    pub(super) stdin: bool,
    pub(super) detach: DetachKeys,
}

impl Attached<'_> {
    /// Takes the streams over.
    pub(super) async fn attach(&self, detach_keys: Option<String>) -> Result<Hijacked> {
        let wanted = Attach {
            stdin: self.stdin,
            stdout: true,
            stderr: true,
            detach_keys,
        };
        self.client.attach(self.id, &wanted).await
    }

    /// Carries the streams of a container that runs until it ends or is left alone,
    /// and gives its status.
    pub(super) async fn carry(&self, stream: Hijacked, wait: Wait) -> Result<u8> {
        let session = Session {
            stream,
            terminal: self.terminal,
            stdin: self.stdin,
            detach: self.detach.clone(),
        };
        let size = (self.terminal && stdout().is_terminal())
            .then_some(Follower::Container(self.id));
        match session.carry_sized(self.client, size).await? {
            Ended::Detached => Ok(0),
            Ended::Closed => Ok(exit_status(wait.exit().await?)),
        }
    }
}
