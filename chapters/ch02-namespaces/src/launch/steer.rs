//! The launcher's side of the line: what it says and hears, until the program runs.

use anyhow::Result;
use chroot::process::{self, Child, EXEC, FAILED, Line, Message, died};
use nix::sys::signal::Signal;
use workbench::steps;

use super::{ASK, Crew, DONE, GO, HERE, Launch, READY};
use crate::set::Namespaces;

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
    what: &Launch<'_>,
    (line, child): (&Line, &Child),
    crew: &mut impl Crew,
) -> Result<(), Wreck> {
    // When the steps are listed, one after the other: the list is the same each time.
    let in_turn = steps::on();
    if in_turn {
        settled(what, line)?;
    }
    crew.meanwhile()?;
    if !in_turn {
        settled(what, line)?;
    }
    crew.prepare(child)?;
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

/// Waits until the child is in its namespaces.
fn settled(what: &Launch<'_>, line: &Line) -> Result<(), Wreck> {
    if what.own() == Namespaces::NONE {
        return Ok(());
    }
    match heard(line)? {
        Some(Message { tag: HERE, .. }) => Ok(()),
        Some(message) => Err(odd(&message)),
        None => Err(Wreck::Silent),
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
