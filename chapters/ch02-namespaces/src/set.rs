//! The kinds of namespace, and sets of them (namespaces(7)).

use std::fmt;

// ANCHOR: Namespace
/// A kind of namespace: what it makes private is what the kernel names it after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    /// Ids and capabilities (user_namespaces(7)): the key to all the others.
    User,
    /// Mounts (mount_namespaces(7)).
    Mount,
    /// Process ids (pid_namespaces(7)).
    Pid,
    /// Network devices, addresses, routes, ports (network_namespaces(7)).
    Net,
    /// Host and domain name (uts_namespaces(7)).
    Uts,
    /// System V IPC and POSIX message queues (ipc_namespaces(7)).
    Ipc,
    /// The root of the cgroup tree (cgroup_namespaces(7)).
    Cgroup,
    /// The monotonic and the boot clock (time_namespaces(7)).
    Time,
}
// ANCHOR_END: Namespace

/// `CLONE_NEWTIME` (clone(2)): libc has it for other targets only.
const CLONE_NEWTIME: i32 = 0x80;

impl Namespace {
    // ANCHOR: ALL
    /// All kinds, in the order in which they are joined: the user namespace first,
    /// since its capabilities are needed for the others, the mount namespace late,
    /// since after it paths mean something else.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::Cgroup,
        Self::Ipc,
        Self::Uts,
        Self::Net,
        Self::Pid,
        Self::Time,
        Self::Mount,
    ];
    // ANCHOR_END: ALL

    /// The flag of clone(2), unshare(2) and setns(2).
    #[must_use]
    pub const fn flag(self) -> i32 {
        match self {
            Self::User => libc::CLONE_NEWUSER,
            Self::Mount => libc::CLONE_NEWNS,
            Self::Pid => libc::CLONE_NEWPID,
            Self::Net => libc::CLONE_NEWNET,
            Self::Uts => libc::CLONE_NEWUTS,
            Self::Ipc => libc::CLONE_NEWIPC,
            Self::Cgroup => libc::CLONE_NEWCGROUP,
            Self::Time => CLONE_NEWTIME,
        }
    }

    /// Its file in `/proc/<pid>/ns/`.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Mount => "mnt",
            Self::Pid => "pid",
            Self::Net => "net",
            Self::Uts => "uts",
            Self::Ipc => "ipc",
            Self::Cgroup => "cgroup",
            Self::Time => "time",
        }
    }

    /// The flag's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "CLONE_NEWUSER",
            Self::Mount => "CLONE_NEWNS",
            Self::Pid => "CLONE_NEWPID",
            Self::Net => "CLONE_NEWNET",
            Self::Uts => "CLONE_NEWUTS",
            Self::Ipc => "CLONE_NEWIPC",
            Self::Cgroup => "CLONE_NEWCGROUP",
            Self::Time => "CLONE_NEWTIME",
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Namespaces(i32);

impl Namespaces {
    /// The set with nothing in it.
    pub const NONE: Self = Self(0);

    /// The same set with `kind` in it.
    #[must_use]
    pub const fn with(self, kind: Namespace) -> Self {
        Self(self.0 | kind.flag())
    }

    /// The same set without `kind`.
    #[must_use]
    pub const fn without(self, kind: Namespace) -> Self {
        Self(self.0 & !kind.flag())
    }

    /// The same set without those of another.
    #[must_use]
    pub const fn except(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of the set that are among `kinds`.
    #[must_use]
    pub fn only(self, kinds: &[Namespace]) -> Self {
        self.iter().filter(|kind| kinds.contains(kind)).collect()
    }

    /// Whether `kind` is in it.
    #[must_use]
    pub const fn has(self, kind: Namespace) -> bool {
        self.0 & kind.flag() != 0
    }

    /// The kinds in it, in the order of [`Namespace::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Namespace> {
        Namespace::ALL
            .into_iter()
            .filter(move |kind| self.has(*kind))
    }

    /// The flags, or-ed.
    #[must_use]
    pub const fn flags(self) -> i32 {
        self.0
    }
}

impl FromIterator<Namespace> for Namespaces {
    fn from_iter<T: IntoIterator<Item = Namespace>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Namespaces {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Namespace::name).collect();
        to.write_str(&names.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_what_is_in_it() {
        let set: Namespaces = [Namespace::Pid, Namespace::User].into_iter().collect();
        assert!(set.has(Namespace::Pid) && !set.has(Namespace::Net));
        assert_eq!(set.to_string(), "CLONE_NEWUSER|CLONE_NEWPID");
        assert_eq!(set.without(Namespace::User).to_string(), "CLONE_NEWPID");
        assert_eq!(set.except(set), Namespaces::NONE);
        assert_eq!(
            set.only(&[Namespace::Pid, Namespace::Net]).to_string(),
            "CLONE_NEWPID"
        );
    }

    #[test]
    fn no_two_kinds_share_a_flag() {
        let all: Namespaces = Namespace::ALL.into_iter().collect();
        assert_eq!(all.flags().count_ones(), 8);
    }
}
