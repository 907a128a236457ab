//! The launch: how a container's first process is brought to its first instruction.
//!
//! ```text
//! launcher                          container's first process
//! clone3 ──────────────────────▶    waits at the gate
//! prepare(child)                       (id maps, cgroup, network)
//! GO: opens the gate ──────────▶    runs its recipe, step by step
//! does what is asked  ◀── ASK ──      (run these hooks; keep this descriptor)
//!                     ── DONE ─▶    goes on
//! waits  ◀── end of file: exec happened; READY: it needs nobody any more;
//!            or FAILED: stage and cause
//! ```
//!
//! The gate exists since some things can only be done to a process from outside, and
//! only before it does anything: its id maps (the kernel wants the writer in the
//! parent namespace) and its cgroup. The line is a CLOEXEC seqpacket pair.

use std::convert::Infallible;
use std::os::fd::{BorrowedFd, OwnedFd};

use anyhow::{Context, Result, bail};
use chroot::process::{
    self, Child, EXEC, FAILED, Forked, How, Line, Message, died, fork, in_child,
};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use workbench::steps;

use crate::set::{Namespace, Namespaces};

const GO: u8 = b'G';
const ASK: u8 = b'A';
const DONE: u8 = b'D';
const READY: u8 = b'R';

/// What is launched.
#[derive(Default)]
pub struct Launch<'a> {
    /// The namespaces that are made for it.
    pub namespaces: Namespaces,
    /// The version 2 cgroup that it is born in, if it can be.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// What it does first of all, in the launcher's namespaces but for those made with it:
    /// it enters the version 1 cgroups, which no process can be born in.
    pub arrive: Option<&'a dyn Fn() -> Result<()>>,
    /// Make it the caller's sibling: a launcher that exits leaves it to its own parent.
    pub sibling: bool,
    /// The role under which it announces its steps.
    pub role: &'static str,
}

// ANCHOR: Crew
/// What the launcher does for the child while it is on its way.
pub trait Crew {
    /// Called once, while the child waits at the gate.
    ///
    /// # Errors
    /// Any error ends the launch: the child is killed and reaped.
    fn prepare(&mut self, child: &Child) -> Result<()>;

    /// Called for each thing that the child asks for.
    ///
    /// # Errors
    /// As for [`Crew::prepare`].
    fn answer(&mut self, ask: &str, with: Option<OwnedFd>) -> Result<()>;
}
// ANCHOR_END: Crew

/// A crew for those who need no answers: only a preparation.
impl<F: FnMut(&Child) -> Result<()>> Crew for F {
    fn prepare(&mut self, child: &Child) -> Result<()> {
        self(child)
    }

    fn answer(&mut self, ask: &str, _: Option<OwnedFd>) -> Result<()> {
        bail!("the container's first process asked for {ask:?}, which nobody gives")
    }
}

/// The child's end of the line, in the hands of its recipe.
#[derive(Debug)]
pub struct Helm<'a>(&'a Line);

impl Helm<'_> {
    /// Asks the launcher for something, and waits until it is done.
    ///
    /// # Errors
    /// When the launcher is gone, or refused and is about to end this process.
    pub fn ask(&self, what: &str, with: Option<BorrowedFd<'_>>) -> Result<()> {
        self.0.send(ASK, what, with)?;
        self.0
            .expect(DONE)
            .map(drop)
            .with_context(|| format!("ask for {what}"))
    }

    /// Tells the launcher that all is done that can fail for its ears; it may go.
    ///
    /// # Errors
    /// When the launcher is gone already.
    pub fn ready(&self) -> Result<()> {
        self.0.send(READY, "", None)
    }

    /// Tells the launcher that exec comes next: the end of file then means success.
    ///
    /// # Errors
    /// When the launcher is gone already.
    pub fn executing(&self) -> Result<()> {
        self.0.send(EXEC, "", None)
    }
}

/// Starts a process in new namespaces; its recipe begins when `crew` has prepared it.
///
/// Returns when the recipe has called [`Helm::ready`], or has exec'ed after
/// [`Helm::executing`]. On any failure the process is dead and, unless it was to be a
/// sibling (then it is its parent's to reap), reaped.
///
/// # Errors
/// What the kernel refused, what `crew` refused, what the recipe reported, or how the
/// process died before it could report.
// ANCHOR: launch
pub fn launch(
    what: &Launch<'_>,
    crew: &mut impl Crew,
    recipe: impl FnOnce(&Helm<'_>) -> Result<Infallible>,
) -> Result<Child> {
    let (ours, theirs) = process::pair()?;
    let how = How {
        // Rooted at the cgroup that the process will be in, not at the launcher's: so
        // it is unshared by the child itself, after the gate.
        namespaces: what.namespaces.without(Namespace::Cgroup).flags(),
        cgroup: what.cgroup,
        sibling: what.sibling,
    };
    match fork(&how)? {
        Forked::Child => {
            drop(ours);
            in_child(theirs, |line| {
                steps::role(what.role);
                line.expect(GO).context("wait at the gate")?;
                what.arrive.map_or(Ok(()), |arrive| arrive())?;
                unshare_cgroup(what.namespaces)?;
                recipe(&Helm(line))
            })
        }
        Forked::Parent(child) => {
            drop(theirs);
            match steer(&ours, &child, crew) {
                Ok(()) => Ok(child),
                Err(cause) => Err(give_up(what, &child, cause)),
            }
        }
    }
}
// ANCHOR_END: launch

fn unshare_cgroup(namespaces: Namespaces) -> Result<()> {
    if !namespaces.has(Namespace::Cgroup) {
        return Ok(());
    }
    let why = "the cgroup that this process is in now becomes the root that it sees";
    steps::step(2, format_args!("unshare(CLONE_NEWCGROUP)"), why, || {
        unshare(CloneFlags::CLONE_NEWCGROUP)
    })
    .context("make a cgroup namespace")
}

/// What went wrong in a launch, as the launcher sees it.
enum Wreck {
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
fn steer(line: &Line, child: &Child, crew: &mut impl Crew) -> Result<(), Wreck> {
    crew.prepare(child)?;
    // A send that fails finds the child dead; the next receive tells.
    let _ = line.send(GO, "", None);
    let mut executing = false;
    loop {
        match line.receive()? {
            Some(Message {
                tag: ASK,
                text,
                descriptor,
            }) => {
                crew.answer(&text, descriptor)?;
                let _ = line.send(DONE, "", None);
            }
            Some(Message { tag: READY, .. }) => return Ok(()),
            Some(Message { tag: EXEC, .. }) => executing = true,
            Some(Message {
                tag: FAILED, text, ..
            }) => {
                return Err(Wreck::Told(process::reported(&text)));
            }
            Some(Message { tag, .. }) => {
                let odd =
                    anyhow::anyhow!("odd message {:?} on the line", char::from(tag));
                return Err(Wreck::Told(odd));
            }
            None if executing => return Ok(()),
            None => return Err(Wreck::Silent),
        }
    }
}
// ANCHOR_END: steer

/// Ends the child of a launch that failed, and finds the best account of why.
fn give_up(what: &Launch<'_>, child: &Child, cause: Wreck) -> anyhow::Error {
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
