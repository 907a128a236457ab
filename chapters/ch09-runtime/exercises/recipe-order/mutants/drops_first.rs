//! Told: takes rights, and comes when they are given up.
//!
//! Least privilege from the first line on.

use crate::check::Step::{
    self, EnterFolder, FindProgram, GiveUpRights, MakeDevices, MakePrivate, Mask, Mount,
    OpenTerminal, Pivot, SetParameters, WaitForStart,
};

/// The steps of a container's first process, from the gate to the exec.
pub(crate) fn recipe_order() -> Vec<Step> {
    vec![
        GiveUpRights,
        MakePrivate,
        Mount,
        MakeDevices,
        Pivot,
        OpenTerminal,
        SetParameters,
        Mask,
        FindProgram,
        WaitForStart,
        EnterFolder,
    ]
}
