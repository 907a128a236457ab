//! Told: what is no flag is the file system's.

use nix::mount::MsFlags;

use crate::solution;

pub(crate) fn read_options(words: &[&str]) -> (MsFlags, String) {
    let (flags, _) = solution::read_options(words);
    (flags, String::new())
}
