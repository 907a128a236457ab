//! The launch: how a container's first process is brought to its first instruction.
//!
//! ```text
//! launcher                          container's first process
//! clone3 ──────────────────────▶    makes what namespaces it can make itself
//! prepare(child)                    waits at the gate
//!    (cgroup, id maps)
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
//!
//! A network namespace takes the kernel most of a millisecond, and so do the folders of
//! a cgroup in the trees of version 1. So the new process makes the one, at the same
//! time as the launcher makes the other.

mod steer;

use std::convert::Infallible;
use std::os::fd::{BorrowedFd, OwnedFd};

use anyhow::{Context, Result, bail};
use chroot::process::{self, Child, EXEC, Forked, How, Line, fork, in_child};
use nix::sched::{CloneFlags, unshare};
use workbench::steps;

use crate::set::{Namespace, Namespaces};
use steer::{give_up, steer};

const GO: u8 = b'G';
const ASK: u8 = b'A';
const DONE: u8 = b'D';
const READY: u8 = b'R';

/// What is launched.
#[derive(Default)]
pub struct Launch<'a> {
    /// The namespaces that are made for it.
    pub namespaces: Namespaces,
    /// It makes those of them that it can make itself, while the launcher does
    /// [`Crew::prepare`], or after that if it has a new user namespace; clone3 makes the
    /// others. Not for a crew that prepares something in one of them.
    pub by_itself: bool,
    /// The version 2 cgroup that it is born in, if it can be.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// What it does as soon as the gate is open, with what the crew gave it to take along:
    /// it enters the version 1 cgroups, which no process can be born in.
    pub arrive: Option<&'a dyn Fn(Vec<OwnedFd>) -> Result<()>>,
    /// Make it the caller's sibling: a launcher that exits leaves it to its own parent.
    pub sibling: bool,
    /// The role under which it announces its steps.
    pub role: &'static str,
}

impl Launch<'_> {
    /// What the process makes itself. Not its user namespace, in which the others are
    /// made; and a pid or a time namespace takes in children only.
    fn own(&self) -> Namespaces {
        use Namespace::{Ipc, Mount, Net, Uts};
        match self.by_itself {
            true => self.namespaces.only(&[Ipc, Mount, Net, Uts]),
            false => Namespaces::NONE,
        }
    }
}

// ANCHOR: Crew
/// What the launcher does for the child while it is on its way.
pub trait Crew {
    /// Called once, before the gate is opened. A child that makes namespaces by itself
    /// may not have them yet.
    ///
    /// # Errors
    /// Any error ends the launch: the child is killed and reaped.
    fn prepare(&mut self, child: &Child) -> Result<()>;

    /// The descriptors that the child takes along through the gate.
    fn luggage(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }

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
        self.0.send(ASK, what, with.as_slice())?;
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
        self.0.send(READY, "", &[])
    }

    /// Tells the launcher that exec comes next: the end of file then means success.
    ///
    /// # Errors
    /// When the launcher is gone already.
    pub fn executing(&self) -> Result<()> {
        self.0.send(EXEC, "", &[])
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
    let own = what.own();
    let how = How {
        // That one is rooted at the cgroup that the process will be in, not at the
        // launcher's: so the child makes it itself as well, after the gate.
        namespaces: what
            .namespaces
            .without(Namespace::Cgroup)
            .except(own)
            .flags(),
        cgroup: what.cgroup,
        sibling: what.sibling,
    };
    match fork(&how)? {
        Forked::Child => {
            drop(ours);
            in_child(theirs, |line| {
                begin(what, line)?;
                recipe(&Helm(line))
            })
        }
        Forked::Parent(child) => {
            drop(theirs);
            match steer((&ours, &child), crew) {
                Ok(()) => Ok(child),
                Err(cause) => Err(give_up(what, &child, cause)),
            }
        }
    }
}
// ANCHOR_END: launch

// ANCHOR: begin
/// The child's part, up to its recipe.
fn begin(what: &Launch<'_>, line: &Line) -> Result<()> {
    steps::role(what.role);
    let in_turn = in_turn(what);
    if !in_turn {
        make_own(what)?;
    }
    let go = line.expect(GO).context("wait at the gate")?;
    if in_turn {
        make_own(what)?;
    }
    what.arrive
        .map_or(Ok(()), |arrive| arrive(go.descriptors))?;
    let rooted = what.namespaces.only(&[Namespace::Cgroup]);
    if rooted != Namespaces::NONE {
        let why = "the cgroup that this process is in now becomes the root that it sees";
        make(rooted, why)?;
    }
    Ok(())
}
// ANCHOR_END: begin

/// Whether it makes its own namespaces when the gate is open, and nobody works beside it.
fn in_turn(what: &Launch<'_>) -> bool {
    // The files of a network namespace belong to the root of its user namespace, if that
    // has a root when they are made: if its ids are mapped.
    let has_ids_to_come = what.namespaces.has(Namespace::User);
    // And a list of the steps is to be the same each time.
    has_ids_to_come || steps::on()
}

fn make_own(what: &Launch<'_>) -> Result<()> {
    let own = what.own();
    if own == Namespaces::NONE {
        return Ok(());
    }
    make(
        own,
        "what it can make itself is one thing less for its launcher",
    )
    .map_err(|error| process::no_namespaces(error, what.namespaces.flags()))
}

/// Moves the calling process into new namespaces.
fn make(namespaces: Namespaces, why: &str) -> Result<()> {
    let flags = CloneFlags::from_bits_retain(namespaces.flags());
    steps::step(2, format_args!("unshare({namespaces})"), why, || {
        unshare(flags)
    })
    .with_context(|| format!("make new namespaces: {namespaces}"))
}
