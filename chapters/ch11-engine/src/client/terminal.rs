//! The terminal that we were given: raw while a container has it, and its size.
//!
//! Raw mode (termios(3), `cfmakeraw`) hands every key to the container's own
//! terminal, Ctrl-C included. The guard gives the old mode back however it ends:
//! on return, on error, on panic, and on the signals that [`super::signals`] turns
//! into errors.

mod detach;
#[expect(unsafe_code, reason = "ioctl(2) has no safe wrapper in nix")]
mod window;

use std::io::{IsTerminal, stdin, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::Client;

pub use detach::DetachKeys;

/// Standard input's terminal in raw mode, for as long as this lives.
#[derive(Debug)]
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// Switches to raw mode; `None` when standard input is not a terminal.
    ///
    /// # Errors
    /// When the terminal has hung up.
    pub fn enter() -> Result<Option<Self>> {
        if !stdin().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdin()).context("read the terminal's mode")?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(stdin(), SetArg::TCSANOW, &raw)
            .context("switch the terminal to raw mode")?;
        Ok(Some(Self { before }))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // What the container wrote shall leave in raw mode: drain first.
        let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, &self.before);
    }
}

/// Rows and columns of our terminal; `None` when there is none or it does not know.
#[must_use]
pub fn size() -> Option<(u16, u16)> {
    let found = match stdout().is_terminal() {
        true => window::size(stdout()),
        false => window::size(stdin()),
    };
    found.filter(|(rows, columns)| *rows > 0 || *columns > 0)
}

/// Whose terminal follows ours.
#[derive(Clone, Copy, Debug)]
pub enum Follower<'i> {
    /// A container, by id.
    Container(&'i str),
    /// An exec, by id.
    Exec(&'i str),
}

impl Follower<'_> {
    /// Tells the daemon our size now, and again whenever it changes; never ends.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub async fn follow(self, client: &Client) -> Result<std::convert::Infallible> {
        let mut changed =
            signal(SignalKind::window_change()).context("listen for SIGWINCH")?;
        // The process may be about to start: the first size is told until it is heard.
        for patience in 1..10 {
            if self.tell(client).await.is_ok() {
                break;
            }
            sleep(Duration::from_millis(10 * patience)).await;
        }
        loop {
            changed.recv().await;
            // A container that has just ended has no terminal: nothing to mend.
            let _ = self.tell(client).await;
        }
    }

    async fn tell(self, client: &Client) -> Result<()> {
        let Some((rows, columns)) = size() else {
            return Ok(());
        };
        match self {
            Self::Container(id) => client.resize(id, rows, columns).await,
            Self::Exec(id) => client.exec_resize(id, rows, columns).await,
        }
    }
}
