//! The words that vary: drawn anew for each check, so that no program passes by heart.
//!
//! ```text
//! {random}   a word; the file /note of the root contains it
//! {number}   a number from 3 to 99
//! {root}     a root file system, made of the host's programs
//! {bundle}   a folder with the config.json that the check gives; rootfs in it is {root}
//! {outside}  a program of the host that is not in that root
//! {host}     the host's name
//! {hostpid}  a process of the host: the one that makes the checks
//! ```

use std::hash::{BuildHasher, Hasher, RandomState};

/// The values of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// `{random}`.
    pub random: String,
    /// What the working folder's own `note` contains: nobody in the root may see it.
    pub other: String,
    /// `{number}`.
    pub number: u64,
    /// `{root}`.
    pub root: String,
    /// `{bundle}`.
    pub bundle: String,
    /// `{outside}`.
    pub outside: String,
    /// `{host}`.
    pub host: String,
}

/// A seed that nobody foresees.
#[must_use]
pub fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Where a draw goes on from.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A draw from this seed.
    #[must_use]
    pub fn from(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (`SplitMix64`: enough to be unforeseen, and nothing to depend on).
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next word: eight small letters, which are a host name and a file name too.
    pub fn word(&mut self) -> String {
        let mut rest = self.number();
        let letter = |_| {
            let letter = b'a' + (rest % 26) as u8;
            rest /= 26;
            char::from(letter)
        };
        (0..8).map(letter).collect()
    }
}

impl Values {
    /// `text` with these values in the place of their names.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        text.replace("{random}", &self.random)
            .replace("{number}", &self.number.to_string())
            .replace("{root}", &self.root)
            .replace("{bundle}", &self.bundle)
            .replace("{outside}", &self.outside)
            .replace("{host}", &self.host)
            .replace("{hostpid}", &std::process::id().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_its_seeds_and_two_seeds_are_not_alike() {
        let words = |seed| {
            let mut draw = Draw::from(seed);
            [draw.word(), draw.word()]
        };
        assert_eq!(words(7), words(7));
        assert_ne!(words(7)[0], words(7)[1]);
        assert_ne!(words(7), words(8));
        assert_ne!(seed(), seed());
        assert!(
            words(7)[0]
                .chars()
                .all(|letter| letter.is_ascii_lowercase())
        );
    }

    #[test]
    fn names_are_replaced_wherever_they_stand() {
        let values = Values {
            random: "word".into(),
            other: "other".into(),
            number: 7,
            root: "/r".into(),
            bundle: "/b".into(),
            outside: "/o".into(),
            host: "ship".into(),
        };
        let filled =
            values.fill("{root}/no-{random} {number} {bundle} {outside} {host} {x}");
        assert_eq!(filled, "/r/no-word 7 /b /o ship {x}");
        assert_eq!(values.fill("{hostpid}"), std::process::id().to_string());
    }
}
