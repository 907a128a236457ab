//! Told: "not found" is an error of create, and create has ended.
//!
//! The program is looked for where it is executed.

use crate::check::Step::{
    self, EnterFolder, FindProgram, GiveUpRights, MakeDevices, MakePrivate, Mask, Mount,
    OpenTerminal, Pivot, SetParameters, WaitForStart,
};

/// The steps of a container's first process, from the gate to the exec.
pub(crate) fn recipe_order() -> Vec<Step> {
    vec![
        MakePrivate,
        Mount,
        MakeDevices,
        Pivot,
        OpenTerminal,
        SetParameters,
        Mask,
        WaitForStart,
        GiveUpRights,
        FindProgram,
        EnterFolder,
    ]
}
