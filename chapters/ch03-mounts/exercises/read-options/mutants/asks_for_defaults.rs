//! Told: `defaults` means nothing, and no file system knows it.

use nix::mount::MsFlags;

use crate::solution;

pub(crate) fn read_options(words: &[&str]) -> (MsFlags, String) {
    let (flags, data) = solution::read_options(words);
    match words.contains(&"defaults") {
        true => (
            flags,
            format!("defaults,{data}").trim_end_matches(',').to_owned(),
        ),
        false => (flags, data),
    }
}
