//! Mount options: the words of the OCI specification, read into what the kernel takes.
//!
//! One list mixes five things: attributes of this mount (`ro`), of the whole tree
//! (`rro`), flags of the file system behind it (`sync`), propagation (`rslave`), and
//! data that only the file system understands (`size=64m`). Here they are told apart.
//!
//! Source: runtime-spec, `config.md`, "Linux mount options"; mount(8).

use anyhow::{Result, ensure};

use crate::attributes::{
    ATIME, Attributes, NOATIME, NODEV, NODIRATIME, NOEXEC, NOSUID, NOSYMFOLLOW, RDONLY,
    RELATIME, STRICTATIME,
};
use crate::propagation::{Depth, Kind, Propagation};

/// What a list of option words means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Attributes of this mount: `ro`, `nosuid`, …
    pub here: Attributes,
    /// Attributes of this mount and of all below it: `rro`, `rnosuid`, …
    pub tree: Attributes,
    /// `bind` or `rbind`: not a new file system but another view of a folder or file.
    pub bind: Option<Depth>,
    /// `remount`: change what is mounted there already.
    pub remount: bool,
    /// Propagation words in their order; they take effect when the mount is in place.
    pub propagation: Vec<Propagation>,
    /// `tmpcopyup`: the tmpfs begins with what the folder held.
    pub copy_up: bool,
    /// `idmap` or `ridmap`.
    pub id_mapped: Option<Depth>,
    /// Flags of the file system itself, by the name that fsconfig(2) knows.
    pub super_block: Vec<&'static str>,
    /// What no word above claimed: `key=value` or `flag`, for the file system.
    pub data: Vec<String>,
}

#[derive(Clone, Copy)]
enum Meaning {
    Attribute { set: u64, clear: u64 },
    Super(&'static str),
    NotSuper(&'static str),
    Bind,
    Propagate(Kind),
    IdMap,
    Remount,
    CopyUp,
    Nothing,
}

const fn on(bit: u64) -> Meaning {
    Meaning::Attribute { set: bit, clear: 0 }
}

const fn off(bit: u64) -> Meaning {
    Meaning::Attribute { set: 0, clear: bit }
}

/// Access times are one field: to change it is to clear it whole and set one value.
const fn times(value: u64) -> Meaning {
    Meaning::Attribute {
        set: value,
        clear: ATIME,
    }
}

// ANCHOR: WORDS
const WORDS: [(&str, Meaning); 38] = [
    ("ro", on(RDONLY)),
    ("rw", off(RDONLY)),
    ("nosuid", on(NOSUID)),
    ("suid", off(NOSUID)),
    ("nodev", on(NODEV)),
    ("dev", off(NODEV)),
    ("noexec", on(NOEXEC)),
    ("exec", off(NOEXEC)),
    ("nodiratime", on(NODIRATIME)),
    ("diratime", off(NODIRATIME)),
    ("nosymfollow", on(NOSYMFOLLOW)),
    ("symfollow", off(NOSYMFOLLOW)),
    ("noatime", times(NOATIME)),
    ("strictatime", times(STRICTATIME)),
    ("relatime", times(RELATIME)),
    ("atime", times(RELATIME)),
    ("nostrictatime", times(RELATIME)),
    ("norelatime", on(RELATIME)),
    ("sync", Meaning::Super("sync")),
    ("async", Meaning::NotSuper("sync")),
    ("dirsync", Meaning::Super("dirsync")),
    ("mand", Meaning::Super("mand")),
    ("nomand", Meaning::NotSuper("mand")),
    ("lazytime", Meaning::Super("lazytime")),
    ("nolazytime", Meaning::NotSuper("lazytime")),
    ("iversion", Meaning::Super("iversion")),
    ("noiversion", Meaning::NotSuper("iversion")),
    ("bind", Meaning::Bind),
    ("shared", Meaning::Propagate(Kind::Shared)),
    ("slave", Meaning::Propagate(Kind::Slave)),
    ("private", Meaning::Propagate(Kind::Private)),
    ("unbindable", Meaning::Propagate(Kind::Unbindable)),
    ("idmap", Meaning::IdMap),
    ("remount", Meaning::Remount),
    ("tmpcopyup", Meaning::CopyUp),
    ("defaults", Meaning::Nothing),
    ("silent", Meaning::Nothing),
    ("loud", Meaning::Nothing),
];
// ANCHOR_END: WORDS

/// Reads a list of option words; of two that contradict each other the later wins.
///
/// A word that is not in the specification is data for the file system.
///
/// # Errors
/// If a word contains a NUL byte, which no system call can carry.
pub fn parse_options<S: AsRef<str>>(words: &[S]) -> Result<Options> {
    let mut options = Options::default();
    for word in words.iter().map(AsRef::as_ref) {
        ensure!(
            !word.contains('\0'),
            "the mount option {word:?} contains NUL"
        );
        match meaning(word) {
            Some((meaning, depth)) => options.take(meaning, depth),
            None if word.is_empty() => {}
            None => options.data.push(word.to_owned()),
        }
    }
    Ok(options)
}

/// All words that mean something here, those for a whole tree included.
#[must_use]
pub fn option_words() -> Vec<String> {
    let words = WORDS.iter().map(|(word, _)| *word);
    let all = words.flat_map(|word| [word.to_owned(), format!("r{word}")]);
    all.filter(|word| meaning(word).is_some()).collect()
}

/// A word's meaning; an `r` before a word that can recurse makes it mean the tree.
fn meaning(word: &str) -> Option<(Meaning, Depth)> {
    use Meaning::{Attribute, Bind, IdMap, Propagate};
    if let Some(meaning) = look_up(word) {
        return Some((meaning, Depth::One));
    }
    match look_up(word.strip_prefix('r')?)? {
        meaning @ (Attribute { .. } | Bind | IdMap | Propagate(_)) => {
            Some((meaning, Depth::Tree))
        }
        _ => None,
    }
}

fn look_up(word: &str) -> Option<Meaning> {
    let entry = WORDS.iter().find(|(name, _)| *name == word);
    entry.map(|(_, meaning)| *meaning)
}

impl Options {
    fn take(&mut self, meaning: Meaning, depth: Depth) {
        match meaning {
            Meaning::Attribute { set, clear } => match depth {
                Depth::One => self.here.add(set, clear),
                Depth::Tree => self.tree.add(set, clear),
            },
            Meaning::Super(flag) => {
                self.super_block.retain(|held| *held != flag);
                self.super_block.push(flag);
            }
            Meaning::NotSuper(flag) => self.super_block.retain(|held| *held != flag),
            Meaning::Bind => self.bind = Some(depth),
            Meaning::Propagate(kind) => {
                self.propagation.push(Propagation { kind, depth });
            }
            Meaning::IdMap => self.id_mapped = Some(depth),
            Meaning::Remount => self.remount = true,
            Meaning::CopyUp => self.copy_up = true,
            Meaning::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attributes;

    fn parsed(words: &[&str]) -> Options {
        parse_options(words).unwrap()
    }

    #[test]
    fn words_are_told_apart() {
        let options = parsed(&["nosuid", "rbind", "rro", "rslave", "size=1m", "dirsync"]);
        assert_eq!(
            options.here,
            Attributes {
                set: NOSUID,
                clear: 0
            }
        );
        assert_eq!(
            options.tree,
            Attributes {
                set: RDONLY,
                clear: 0
            }
        );
        assert_eq!(options.bind, Some(Depth::Tree));
        assert_eq!(options.propagation, [Propagation::RSLAVE]);
        assert_eq!(options.super_block, ["dirsync"]);
        assert_eq!(options.data, ["size=1m"]);
    }

    #[test]
    fn of_two_words_the_later_wins() {
        let options = parsed(&["ro", "rw", "sync", "async", "strictatime", "noatime"]);
        let expected = Attributes {
            set: NOATIME,
            clear: RDONLY | ATIME,
        };
        assert_eq!(options.here, expected);
        assert!(options.super_block.is_empty());
    }

    #[test]
    fn what_nobody_claims_is_data() {
        let words = [
            "rsync",
            "rdefaults",
            "mode=1777",
            "newinstance",
            "rremount",
            "r",
            "",
        ];
        assert_eq!(
            parsed(&words).data,
            [
                "rsync",
                "rdefaults",
                "mode=1777",
                "newinstance",
                "rremount",
                "r"
            ]
        );
    }

    #[test]
    fn a_nul_byte_is_refused() {
        assert!(parse_options(&["mode=1\0"]).is_err());
    }

    /// The words of the specification's table ("Linux mount options"), each once.
    const SPECIFIED: &str = "async atime bind defaults dev diratime dirsync exec iversion \
        lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand \
        norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime \
        relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime \
        rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave \
        rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid \
        symfollow sync tmpcopyup unbindable idmap ridmap";

    #[test]
    fn every_word_of_the_specification_is_known() {
        for word in SPECIFIED.split_whitespace() {
            assert!(parsed(&[word]).data.is_empty(), "{word} was taken for data");
        }
    }

    proptest! {
        /// What mount_setattr(2) answers with EINVAL: a bit both set and cleared (access
        /// times aside), and access times touched without clearing the whole field.
        #[test]
        fn the_kernel_can_take_what_any_list_of_words_means(
            words in proptest::collection::vec(0..SPECIFIED.split_whitespace().count(), 0..12)
        ) {
            let known: Vec<&str> = SPECIFIED.split_whitespace().collect();
            let words: Vec<&str> = words.iter().map(|word| known[*word]).collect();
            let options = parsed(&words);
            for change in [options.here, options.tree] {
                prop_assert_eq!(change.set & change.clear & !attributes::ATIME, 0);
                if (change.set | change.clear) & ATIME != 0 {
                    prop_assert_eq!(change.clear & ATIME, ATIME);
                }
                prop_assert_ne!(change.set & ATIME, ATIME, "no third value");
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(words in proptest::collection::vec(".*", 0..6)) {
            let _ = parse_options(&words);
        }
    }
}
