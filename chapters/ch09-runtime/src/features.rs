//! `features`: what this runtime can do, for callers who ask before they rely on it
//! (runtime-spec, features.md).
//!
//! What it can do, and not what this kernel has: `enabled` means that it was built in, so
//! `apparmor` is enabled on a machine without AppArmor too, as runc has it. There a label
//! that is asked for is refused when the container is made ([`crate::label`]).

use namespaces::Namespace;
use privileges::{CapSet, MemoryPolicy, seccomp};
use serde_json::{Value, json};

use crate::hooks::Moment;
use crate::spec::OCI_VERSION;

/// The answer; each list comes from the code that acts on its words.
#[must_use]
pub fn features() -> Value {
    let kinds = Namespace::ALL.iter().map(|kind| match kind {
        // The specification has longer names for two of the kernel's.
        Namespace::Net => "network",
        Namespace::Mount => "mount",
        other => other.file(),
    });
    let flags: Vec<_> = seccomp::FLAGS.iter().map(|(name, _)| *name).collect();
    json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": OCI_VERSION,
        "hooks": Moment::ALL.map(Moment::name),
        "mountOptions": mounts::option_words(),
        "linux": {
            "namespaces": kinds.collect::<Vec<_>>(),
            "capabilities": CapSet::known().names(),
            "cgroup": {
                "v1": true,
                "v2": true,
                "systemd": true,
                "systemdUser": true,
                "rdma": true,
            },
            "seccomp": {
                "enabled": true,
                "actions": seccomp::Action::ALL,
                "operators": seccomp::Comparison::ALL,
                "archs": seccomp::architectures().collect::<Vec<_>>(),
                "knownFlags": flags,
                "supportedFlags": flags,
            },
            "apparmor": { "enabled": true },
            "selinux": { "enabled": true },
            "intelRdt": { "enabled": false },
            "netDevices": { "enabled": true },
            "memoryPolicy": {
                "modes": MemoryPolicy::modes().collect::<Vec<_>>(),
                "flags": MemoryPolicy::known_flags().collect::<Vec<_>>(),
            },
            "mountExtensions": { "idmap": { "enabled": true } },
        },
    })
}
