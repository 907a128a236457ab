//! Steps: every system call that makes a container what it is, announced.
//!
//! A [`Step`] says which call was made with which arguments, why it stands where it
//! stands, which process made it and how long it took. Steps travel as one JSON
//! datagram each over a `SOCK_SEQPACKET` socket pair (unix(7)): it keeps the borders
//! of messages, survives `fork`, may cross any number of namespaces, and its end of
//! file comes when the last process that could announce something is gone.
//!
//! With no sink set, announcing costs one branch.

mod channel;
mod render;
mod svg;

use std::cell::{Cell, RefCell};
use std::fmt::{Arguments, Display};
use std::os::fd::OwnedFd;

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

pub use channel::{Receiver, channel};
pub use render::{json_lines, parse_json_lines, tree};
pub use svg::{Scale, svg};

/// One announced system call.
// ANCHOR: Step
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When the call began: nanoseconds of the host's boot clock
    /// (`CLOCK_BOOTTIME`, clock_gettime(2)), less this process's time namespace.
    pub at: u64,
    /// How long the call took, in nanoseconds.
    pub took: u64,
    /// The process that made the call, by its pid in the reader's pid namespace: the
    /// kernel fills it in on the way to the [`Receiver`]. Not 0 when it is told on.
    pub pid: i32,
    /// What that process is: `client`, `daemon`, `shim`, `launcher`, `init`, …
    pub role: String,
    /// The chapter that teaches the call.
    pub chapter: u8,
    /// The kernel's name for the call, with the arguments as the kernel got them.
    pub call: String,
    /// Why it stands where it stands, in one line.
    pub why: String,
    /// What the kernel answered, when it refused.
    pub error: Option<String>,
}
// ANCHOR_END: Step

impl Step {
    /// The step that began at `at` and has ended now, made by this process.
    ///
    /// For the calls that [`step`] cannot wrap: one that returns twice, one that does
    /// not return.
    #[must_use]
    pub fn since(at: u64, chapter: u8, call: &str, why: &str) -> Self {
        Self {
            at,
            took: boot_clock().saturating_sub(at),
            pid: 0,
            role: ROLE.get().to_owned(),
            chapter,
            call: call.to_owned(),
            why: why.to_owned(),
            error: None,
        }
    }
}

thread_local! {
    static SINK: RefCell<Option<OwnedFd>> = const { RefCell::new(None) };
    static ON: Cell<bool> = const { Cell::new(false) };
    static ROLE: Cell<&'static str> = const { Cell::new("bench") };
}

/// Says what this process is; inherited by what it forks.
pub fn role(name: &'static str) {
    ROLE.set(name);
}

/// Sends the steps of this thread, and of what it forks, to `sender`; `None` ends it.
///
/// The sink is one thread's: in the daemon each request explains itself alone.
pub fn send_to(sender: Option<OwnedFd>) {
    ON.set(sender.is_some());
    SINK.with_borrow_mut(|sink| *sink = sender);
}

/// A duplicate of this thread's sink (close-on-exec), to hand to another thread
/// or process; `None` when nothing is explained.
pub fn sink() -> Option<OwnedFd> {
    SINK.with_borrow(|sink| sink.as_ref().and_then(|fd| fd.try_clone().ok()))
}

/// Whether anybody listens.
pub fn on() -> bool {
    ON.get()
}

/// Makes the call `act` and announces it, whatever it answers.
///
/// `call` is the kernel's name with its arguments, `why` the reason it stands here.
// ANCHOR: step
pub fn step<T, E: Display>(
    chapter: u8,
    call: Arguments<'_>,
    why: &str,
    act: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if !ON.get() {
        return act();
    }
    let at = boot_clock();
    let answer = act();
    let error = answer.as_ref().err().map(ToString::to_string);
    announce(&Step {
        error,
        ..Step::since(at, chapter, &call.to_string(), why)
    });
    answer
}
// ANCHOR_END: step

/// Sends a step to this thread's sink, if there is one.
///
/// A full socket loses the step rather than stop a container; the receiver's list
/// is for reading, not for accounting.
pub fn announce(step: &Step) {
    SINK.with_borrow(|sink| {
        if let (Some(sink), Ok(text)) = (sink, serde_json::to_vec(step)) {
            let _ = channel::send(sink, &text);
        }
    });
}

/// Nanoseconds since boot, suspend included.
pub fn boot_clock() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |now| {
        let nanoseconds = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
        nanoseconds.unsigned_abs()
    })
}
