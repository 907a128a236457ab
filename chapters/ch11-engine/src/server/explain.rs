//! Steps over HTTP: what a client's requests did, call by call.
//!
//! A client that explains sends a name of its own choice with each request. The first
//! request makes a channel for it, and every thread and process that works for the
//! client announces its steps there. `GET /skiff/steps/{name}` ends the channel: the
//! answer is complete when the last of those processes has exec'ed or gone.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use workbench::steps::{self, Receiver};

use super::call::Call;
use super::respond::{self, Answer};
use crate::core::Refusal;

/// No more clients than so many are explained to at once; the oldest is forgotten.
const MOST: usize = 16;

/// The channels, by the names that clients gave.
#[derive(Default)]
pub(super) struct Explained(Mutex<VecDeque<Channel>>);

struct Channel {
    name: String,
    sender: OwnedFd,
    receiver: Receiver,
}

impl Explained {
    /// Where the steps of this client go; `None` when no channel can be made.
    pub(super) fn sender(&self, name: &str) -> Option<OwnedFd> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = channels.iter().find(|channel| channel.name == name) {
            return known.sender.try_clone().ok();
        }
        let (sender, receiver) = steps::channel().ok()?;
        let copy = sender.try_clone().ok()?;
        if channels.len() == MOST {
            channels.pop_front();
        }
        channels.push_back(Channel {
            name: name.to_owned(),
            sender,
            receiver,
        });
        Some(copy)
    }

    /// Ends a channel.
    fn end(&self, name: &str) -> Option<Receiver> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = channels.iter().position(|channel| channel.name == name)?;
        channels.remove(place).map(|channel| channel.receiver)
    }
}

/// `GET /skiff/steps/{name}`: JSON lines.
pub(super) async fn steps(call: Call, name: &str) -> Answer {
    let missing = || Refusal::not_found(format!("nothing was explained to {name:?}"));
    let receiver = call.app.explained.end(name).ok_or_else(missing)?;
    let read = move |_: &_| Ok(receiver.read_to_end());
    let steps = call.app.blocking(read).await?;
    let lines = steps::json_lines(&steps);
    Ok(respond::with_type("application/x-ndjson", lines.into()))
}
