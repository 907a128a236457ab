//! Told: what is bound in comes from the host, and that is gone.
//!
//! The cleaner look: first the new root, then all else.

use crate::check::Step::{
    self, EnterFolder, FindProgram, GiveUpRights, MakeDevices, MakePrivate, Mask, Mount,
    OpenTerminal, Pivot, SetParameters, WaitForStart,
};

/// The steps of a container's first process, from the gate to the exec.
pub(crate) fn recipe_order() -> Vec<Step> {
    vec![
        MakePrivate,
        Pivot,
        Mount,
        MakeDevices,
        OpenTerminal,
        SetParameters,
        Mask,
        FindProgram,
        WaitForStart,
        GiveUpRights,
        EnterFolder,
    ]
}
