//! Sets of capabilities, by name (capabilities(7)).

use std::fmt;
use std::sync::LazyLock;

use workbench::files::kernel_text;

/// The names in the order of their bits, as `linux/capability.h` numbers them.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What docker gives a container that asks for nothing.
// ANCHOR: DEFAULT
const DEFAULT: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
// ANCHOR_END: DEFAULT

/// A set of capabilities, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapSet(pub u64);

impl CapSet {
    /// No capability.
    pub const EMPTY: Self = Self(0);

    /// Reads names, in capitals or not, with `CAP_` before them or not; `ALL` means all
    /// that this kernel knows. What this kernel does not know comes back by its name.
    pub fn parse<S: AsRef<str>>(names: &[S]) -> (Self, Vec<String>) {
        let known = Self::known();
        let mut set = Self::EMPTY;
        let mut unknown = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            match Self::named(name) {
                Some(one) if known.includes(one) => set = set.with(one),
                _ if name.eq_ignore_ascii_case("all") => set = set.with(known),
                _ => unknown.push(name.to_owned()),
            }
        }
        (set, unknown)
    }

    /// The set of one capability, if there is one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
        let bit = NAMES.iter().position(|known| *known == bare)?;
        Some(Self(1 << bit))
    }

    /// All that this kernel knows, by `/proc/sys/kernel/cap_last_cap`.
    #[must_use]
    pub fn known() -> Self {
        // A fact of the kernel's: asked once.
        static KNOWN: LazyLock<CapSet> = LazyLock::new(|| {
            let last = kernel_text("/proc/sys/kernel/cap_last_cap").ok();
            let last = last.and_then(|text| text.trim().parse().ok());
            CapSet(u64::MAX >> (63 - last.unwrap_or(40).min(63)))
        });
        *KNOWN
    }

    /// What this process can hand on: its bounding set. This is what "privileged" can
    /// mean here, as it may run in a container itself.
    #[must_use]
    pub fn available() -> Self {
        crate::Capabilities::current().map_or(Self::known(), |current| current.bounding)
    }

    /// What docker gives a container that asks for nothing.
    #[must_use]
    pub fn container_default() -> Self {
        Self::parse(&DEFAULT).0
    }

    /// The names of the set, with `CAP_`, in the kernel's order.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        self.bits()
            .map(|bit| match NAMES.get(bit as usize) {
                Some(name) => format!("CAP_{name}"),
                None => format!("CAP_{bit}"),
            })
            .collect()
    }

    /// The numbers of the capabilities in the set.
    pub fn bits(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |bit| self.0 >> bit & 1 == 1)
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the capability of this name is in the set.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        Self::named(name).is_some_and(|one| self.includes(one))
    }

    /// This set and the other.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

impl fmt::Display for CapSet {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.names().join(" "))
    }
}

impl fmt::Debug for CapSet {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "CapSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_capability_has_its_number() {
        assert_eq!(CapSet::named("CAP_CHOWN"), Some(CapSet(1)));
        assert_eq!(CapSet::named("sys_admin"), Some(CapSet(1 << 21)));
        assert_eq!(
            CapSet::named("CAP_CHECKPOINT_RESTORE"),
            Some(CapSet(1 << 40))
        );
        assert_eq!(CapSet::named("CAP_CAP_CHOWN"), None);
    }

    #[test]
    fn what_the_kernel_does_not_know_comes_back() {
        let (set, unknown) = CapSet::parse(&["CAP_KILL", "CAP_FLY", "kill"]);
        assert_eq!(set.names(), ["CAP_KILL"]);
        assert_eq!(unknown, ["CAP_FLY"]);
        assert_eq!(CapSet::parse(&["all"]).0, CapSet::known());
    }

    #[test]
    fn a_container_gets_fourteen() {
        let set = CapSet::container_default();
        assert_eq!(
            set.0, 0xa804_25fb,
            "what docker's containers have in CapBnd"
        );
    }

    proptest! {
        #[test]
        fn names_and_sets_are_the_same_thing(bits in any::<u64>()) {
            let set = CapSet(bits & CapSet::known().0);
            prop_assert_eq!(CapSet::parse(&set.names()), (set, vec![]));
        }
    }
}
