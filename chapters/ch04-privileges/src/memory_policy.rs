//! On which memory nodes a process's memory is taken: set_mempolicy(2), numa(7).
//!
//! It is inherited by what the process starts, and stays over exec.

use anyhow::{Context, Result, bail, ensure};
use workbench::steps::step;

use crate::CHAPTER;
use crate::scheduling_calls::set_mempolicy;

/// A policy in the words of the OCI specification (`linux.memoryPolicy`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryPolicy {
    /// `MPOL_…`.
    pub mode: String,
    /// `MPOL_F_…`.
    pub flags: Vec<String>,
    /// The nodes, like `0-3,7`.
    pub nodes: String,
}

/// The modes by their numbers in `linux/mempolicy.h`.
const MODES: [(&str, i32); 7] = [
    ("MPOL_DEFAULT", 0),
    ("MPOL_PREFERRED", 1),
    ("MPOL_BIND", 2),
    ("MPOL_INTERLEAVE", 3),
    ("MPOL_LOCAL", 4),
    ("MPOL_PREFERRED_MANY", 5),
    ("MPOL_WEIGHTED_INTERLEAVE", 6),
];

const FLAGS: [(&str, i32); 3] = [
    ("MPOL_F_NUMA_BALANCING", 1 << 13),
    ("MPOL_F_RELATIVE_NODES", 1 << 14),
    ("MPOL_F_STATIC_NODES", 1 << 15),
];

impl MemoryPolicy {
    /// Every word that `mode` may be.
    pub fn modes() -> impl Iterator<Item = &'static str> {
        MODES.iter().map(|(name, _)| *name)
    }

    /// Every word that `flags` may have.
    pub fn known_flags() -> impl Iterator<Item = &'static str> {
        FLAGS.iter().map(|(name, _)| *name)
    }
}

/// As many nodes as a list may name (`CONFIG_NODES_SHIFT` is at most 10).
pub(crate) const NODES: usize = 1024;

/// Has this process's memory taken so.
///
/// # Errors
/// For a word that is not in set_mempolicy(2); ENOSYS where the kernel knows no nodes,
/// EINVAL for nodes that are not there.
pub fn set_memory_policy(asked: &MemoryPolicy) -> Result<()> {
    let find = |table: &[(&str, i32)], word: &str| {
        let found = table.iter().find(|(name, _)| *name == word);
        let found = found.map(|(_, number)| *number);
        found.with_context(|| format!("{word:?} is no word of set_mempolicy(2)"))
    };
    let mut mode = find(&MODES, &asked.mode)?;
    for flag in &asked.flags {
        mode |= find(&FLAGS, flag)?;
    }
    let mut mask = [0_u64; NODES / 64];
    for node in numbers(&asked.nodes, NODES)? {
        mask[node / 64] |= 1 << (node % 64);
    }
    let why = "on which memory nodes its memory is taken";
    let call = format_args!("set_mempolicy({}, {:?})", asked.mode, asked.nodes);
    step(CHAPTER, call, why, || set_mempolicy(mode, &mask))
        .with_context(|| format!("set the memory policy {} {}", asked.mode, asked.nodes))
}

/// The numbers of a list like `0-3,7`, all below `end`; none for an empty one.
///
/// # Errors
/// For what is no such list.
pub(crate) fn numbers(list: &str, end: usize) -> Result<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.split(',').filter(|_| !list.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => {
                ensure!(first <= last && last < end, "{part:?} is out of range");
                all.extend(first..=last);
            }
            _ => bail!("{list:?} is no list of numbers like 0-3,7"),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers() {
        assert_eq!(numbers("", 8).unwrap(), Vec::<usize>::new());
        assert_eq!(numbers("0-2,5", 8).unwrap(), [0, 1, 2, 5]);
        for bad in [",", "1,", "a", "2-1", "8", "0-99999999999", "-1", "1-2-3"] {
            assert!(numbers(bad, 8).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_that_are_none_are_refused() {
        let policy = |mode: &str, flag: &str| MemoryPolicy {
            mode: mode.to_owned(),
            flags: vec![flag.to_owned()],
            nodes: "0".to_owned(),
        };
        for odd in [
            policy("MPOL_ODD", "MPOL_F_STATIC_NODES"),
            policy("MPOL_BIND", "x"),
        ] {
            assert!(set_memory_policy(&odd).is_err(), "{odd:?}");
        }
    }
}
