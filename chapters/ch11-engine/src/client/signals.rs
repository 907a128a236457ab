//! Signals that reach the client while a container has its streams.
//!
//! They go on to the container (docker's `--sig-proxy`), or they end the client, but
//! as an error: what must be undone, such as a raw terminal, is undone on the way.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use anyhow::{Context, Result};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Client;

/// A signal ended the client, which leaves with 128 and its number.
#[derive(Debug)]
pub struct Interrupted(pub i32);

impl fmt::Display for Interrupted {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "ended by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// The user insisted: three times SIGINT or SIGTERM.
#[derive(Debug)]
pub struct Forced;

impl fmt::Display for Forced {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("got 3 SIGTERM/SIGINTs, forcefully exiting")
    }
}

impl std::error::Error for Forced {}

/// Those that end a program that does not mind them; of them a user has the keys.
const ENDING: [(&str, SignalKind); 4] = [
    ("HUP", SignalKind::hangup()),
    ("INT", SignalKind::interrupt()),
    ("QUIT", SignalKind::quit()),
    ("TERM", SignalKind::terminate()),
];

/// Those that programs give a meaning of their own.
const OTHERS: [(&str, SignalKind); 3] = [
    ("USR1", SignalKind::user_defined1()),
    ("USR2", SignalKind::user_defined2()),
    ("ALRM", SignalKind::alarm()),
];

/// The signals that are listened for from now on.
#[derive(Debug)]
pub struct Signals<'c> {
    listening: Vec<(&'static str, SignalKind, Signal)>,
    container: Option<(&'c Client, &'c str)>,
}

impl<'c> Signals<'c> {
    /// Signals go on to the container `id`.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub fn forwarded(client: &'c Client, id: &'c str) -> Result<Self> {
        let all = ENDING.into_iter().chain(OTHERS);
        Ok(Self {
            listening: listen(all)?,
            container: Some((client, id)),
        })
    }

    /// Signals end the client.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub fn ending() -> Result<Self> {
        Ok(Self {
            listening: listen(ENDING.into_iter())?,
            container: None,
        })
    }

    /// Does `work`, and with the signals that come meanwhile what is to be done.
    ///
    /// # Errors
    /// Those of `work`; [`Interrupted`] and [`Forced`].
    pub async fn attend<T>(mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        let mut insisted = 0;
        loop {
            let (name, kind) = select! {
                done = &mut work => return done,
                signal = self.next() => signal,
            };
            let Some((client, id)) = self.container else {
                return Err(Interrupted(kind.as_raw_value()).into());
            };
            if [SignalKind::interrupt(), SignalKind::terminate()].contains(&kind) {
                insisted += 1;
            }
            if insisted == 3 {
                return Err(Forced.into());
            }
            select! {
                done = &mut work => return done,
                // A container that does not run (any more) needs no signal.
                _ = client.kill(id, Some(name)) => {}
            }
        }
    }

    async fn next(&mut self) -> (&'static str, SignalKind) {
        poll_fn(|context| {
            for (name, kind, signal) in &mut self.listening {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready((*name, *kind));
                }
            }
            Poll::Pending
        })
        .await
    }
}

fn listen(
    signals: impl Iterator<Item = (&'static str, SignalKind)>,
) -> Result<Vec<(&'static str, SignalKind, Signal)>> {
    signals
        .map(|(name, kind)| {
            let listener =
                signal(kind).with_context(|| format!("listen for SIG{name}"))?;
            Ok((name, kind, listener))
        })
        .collect()
}
