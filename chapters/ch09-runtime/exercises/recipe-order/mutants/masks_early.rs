//! Told: /proc/sys is read-only by now.
//!
//! Closed before the last one has written.

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
        Mask,
        SetParameters,
        FindProgram,
        WaitForStart,
        GiveUpRights,
        EnterFolder,
    ]
}
