//! Exercise: the order of a start.

use crate::check::Step::{
    self, EnterFolder, FindProgram, GiveUpRights, MakeDevices, MakePrivate, Mask, Mount,
    OpenTerminal, Pivot, SetParameters, WaitForStart,
};

/// The steps of a container's first process, from the gate to the exec.
pub(crate) fn recipe_order() -> Vec<Step> {
    // TODO: they stand in the order of the alphabet.
    vec![
        EnterFolder,
        FindProgram,
        GiveUpRights,
        MakeDevices,
        MakePrivate,
        Mask,
        Mount,
        OpenTerminal,
        Pivot,
        SetParameters,
        WaitForStart,
    ]
}
