//! Told: `rbind` takes what is mounted below along, `bind` does not.

use nix::mount::MsFlags;

use crate::solution;

pub(crate) fn read_options(words: &[&str]) -> (MsFlags, String) {
    let (flags, data) = solution::read_options(words);
    (flags.difference(MsFlags::MS_REC), data)
}
