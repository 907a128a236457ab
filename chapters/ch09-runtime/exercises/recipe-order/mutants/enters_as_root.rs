//! Told: root may enter a folder that is closed to the user.
//!
//! The folder is entered while that still works.

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
        FindProgram,
        WaitForStart,
        EnterFolder,
        GiveUpRights,
    ]
}
