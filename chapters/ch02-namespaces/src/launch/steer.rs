//! The launcher's side of the line: what it says and hears, until the program runs.

use std::os::fd::AsFd;

use anyhow::Result;
use chroot::process::{self, Child, EXEC, FAILED, Line, Message, died};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::{ASK, Crew, DONE, GO, Launch, READY};

/// What went wrong in a launch, as the launcher sees it.
pub(super) enum Wreck {
    /// The child said so, or the launcher's own part failed.
    Told(anyhow::Error),
    /// The line ended without a word: the child was killed.
    Silent,
}

impl From<anyhow::Error> for Wreck {
    fn from(error: anyhow::Error) -> Self {
        Self::Told(error)
    }
}

// ANCHOR: steer
/// The launcher's part, up to the end of the line.
pub(super) fn steer(
    (line, child): (&Line, &Child),
    crew: &mut impl Crew,
) -> Result<(), Wreck> {
    crew.prepare(child)
        .map_err(|error| first_word(line, error))?;
    // A send that fails finds the child dead; the next receive tells.
    let _ = line.send(GO, "", &crew.luggage());
    let mut executing = false;
    while let Some(message) = heard(line)? {
        match message.tag {
            ASK => {
                crew.answer(&message.text, message.descriptors.into_iter().next())?;
                let _ = line.send(DONE, "", &[]);
            }
            READY => return Ok(()),
            EXEC => executing = true,
            _ => return Err(odd(&message)),
        }
    }
    if executing {
        Ok(())
    } else {
        Err(Wreck::Silent)
    }
}
// ANCHOR_END: steer

/// Why a preparation failed: perhaps since the child has, and then that one's word counts.
fn first_word(line: &Line, error: anyhow::Error) -> Wreck {
    let mut said = [PollFd::new(line.as_fd(), PollFlags::POLLIN)];
    match poll(&mut said, PollTimeout::ZERO) {
        Ok(1) => heard(line).err().unwrap_or(Wreck::Told(error)),
        _ => Wreck::Told(error),
    }
}

/// The next message, unless it is the last of a child that failed.
fn heard(line: &Line) -> Result<Option<Message>, Wreck> {
    match line.receive()? {
        Some(Message {
            tag: FAILED, text, ..
        }) => Err(Wreck::Told(process::reported(&text))),
        message => Ok(message),
    }
}

fn odd(message: &Message) -> Wreck {
    let tag = char::from(message.tag);
    Wreck::Told(anyhow::anyhow!("odd message {tag:?} on the line"))
}

/// Ends the child of a launch that failed, and finds the best account of why.
pub(super) fn give_up(what: &Launch<'_>, child: &Child, cause: Wreck) -> anyhow::Error {
    // It may be gone already; what counts is that it does not live on.
    let _ = child.kill(Signal::SIGKILL);
    if what.sibling {
        let _ = child.wait_gone();
        return match cause {
            Wreck::Told(error) => error,
            Wreck::Silent => {
                anyhow::anyhow!("the new process was killed before its exec")
            }
        };
    }
    match (cause, child.wait()) {
        (Wreck::Told(error), _) | (Wreck::Silent, Err(error)) => error,
        (Wreck::Silent, Ok(exit)) => died(exit),
    }
}
