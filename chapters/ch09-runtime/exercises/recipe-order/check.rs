//! Judges an order: the steps are played on a container that only keeps accounts.

/// A step of the container's first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Cut the mounts off from the host's.
    MakePrivate,
    /// Make all mounts of `config.json`, `/proc` and `/dev` among them.
    Mount,
    /// Make the device files, with the host's as a model.
    MakeDevices,
    /// Take the new tree as the root, and the old one away.
    Pivot,
    /// Open a terminal of the container's own `/dev/pts`.
    OpenTerminal,
    /// Write kernel parameters below `/proc/sys`.
    SetParameters,
    /// Cover files of `/proc`, and make `/proc/sys` read-only.
    Mask,
    /// Look for the program in `PATH`.
    FindProgram,
    /// Tell that the container is created, and wait for `start`.
    WaitForStart,
    /// Give up capabilities, become the user, install the filter.
    GiveUpRights,
    /// Go to the working folder.
    EnterFolder,
}

use Step::{
    EnterFolder, FindProgram, GiveUpRights, MakeDevices, MakePrivate, Mask, Mount,
    OpenTerminal, Pivot, SetParameters, WaitForStart,
};

const ALL: [Step; 11] = [
    MakePrivate,
    Mount,
    MakeDevices,
    Pivot,
    OpenTerminal,
    SetParameters,
    Mask,
    FindProgram,
    WaitForStart,
    GiveUpRights,
    EnterFolder,
];

/// What the reader writes.
pub(crate) type Attempt = fn() -> Vec<Step>;

/// What a step must not come before, or after; and why.
const RULES: [(Step, Step, &str); 15] = [
    (
        MakePrivate,
        Mount,
        "a mount in a tree that is still shared appears on the host",
    ),
    (
        MakePrivate,
        Pivot,
        "the kernel refuses a pivot in a tree that is still shared",
    ),
    (
        Mount,
        MakeDevices,
        "a mount on /dev covers the devices that were made before it",
    ),
    (
        Mount,
        Pivot,
        "what is bound in comes from the host, and that is gone",
    ),
    (
        MakeDevices,
        Pivot,
        "a device of the host is the model, and that is gone",
    ),
    (
        Pivot,
        OpenTerminal,
        "this terminal is the host's: the container's is behind the pivot",
    ),
    (
        Pivot,
        FindProgram,
        "this program is the host's: the container's is behind the pivot",
    ),
    (
        Pivot,
        SetParameters,
        "a path into the new tree can still lead out of it",
    ),
    (SetParameters, Mask, "/proc/sys is read-only by now"),
    (
        Pivot,
        Mask,
        "what is masked in the old tree does not mask the new one",
    ),
    (
        FindProgram,
        WaitForStart,
        "\"not found\" is an error of create, and create has ended",
    ),
    (Mask, WaitForStart, "created means that all is set up"),
    (
        OpenTerminal,
        WaitForStart,
        "whoever creates waits for the terminal",
    ),
    (
        WaitForStart,
        GiveUpRights,
        "the hooks behind the gate need the rights of root",
    ),
    (
        GiveUpRights,
        EnterFolder,
        "root may enter a folder that is closed to the user",
    ),
];

/// The steps that the kernel wants rights for.
const PRIVILEGED: [Step; 6] =
    [MakePrivate, Mount, MakeDevices, Pivot, SetParameters, Mask];

pub(crate) fn check(recipe_order: Attempt) -> Result<(), String> {
    let order = recipe_order();
    for step in ALL {
        match order.iter().filter(|other| **other == step).count() {
            1 => {}
            0 => return Err(format!("{step:?} is missing")),
            n => return Err(format!("{step:?} is taken {n} times")),
        }
    }
    let place = |step| order.iter().position(|other| *other == step);
    for (n, step) in order.iter().enumerate() {
        let later = order[n..].iter().find(|other| PRIVILEGED.contains(other));
        if let (GiveUpRights, Some(needy)) = (step, later) {
            let why = format!("{needy:?} takes rights, and comes when they are given up");
            return Err(told(&order, n, &why));
        }
        let broken = RULES
            .iter()
            .find(|(first, then, _)| then == step && place(*first) > Some(n));
        if let Some((first, _, why)) = broken {
            return Err(told(&order, n, &format!("{why} ({first:?} comes later)")));
        }
    }
    Ok(())
}

fn told(order: &[Step], at: usize, why: &str) -> String {
    format!(
        "{why}\n  step:  {:?}\n  after: {:?}",
        order[at],
        &order[..at]
    )
}
