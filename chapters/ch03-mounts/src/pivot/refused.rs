//! Why pivot_root(2) says no: it has one answer for half a dozen causes.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use workbench::diagnosis::{Cause, Diagnosis, Proof};
use workbench::user::{in_a_chroot, in_user_namespace};

use crate::table::{self, Entry};

/// Why a folder may not become the root of the mount namespace. Our `pivot` gives the
/// old root no folder (pivot_root(".", ".")), so that cannot be the reason.
pub(crate) static PIVOT: Diagnosis<Path> = Diagnosis {
    chapter: 3,
    call: "pivot_root",
    purpose: "exchange the root of the mount namespace",
    causes: &[
        Cause {
            errno: Errno::EBUSY,
            meaning: "The new root lies on the mount that is the root already.",
            probe: |_| true,
            look: "findmnt -T FILE",
            hint: "FILE lies on the same mount as the present root; make it a mount of \
                   its own: mount --rbind FILE FILE",
            proof: Proof::Test("a_folder_on_the_root_itself_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The present root is no mount: chroot(2) was here before.",
            probe: |_| in_a_chroot(),
            look: "awk '$5 == \"/\"' /proc/self/mountinfo",
            hint: "the present root is the folder of a chroot, not the top of a mount, \
                   and nothing can take its place; run it outside of the chroot",
            proof: Proof::Test("a_chroot_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The present root is the first ramdisk (initramfs), which stays.",
            probe: |_| root_is_ramdisk(),
            look: "findmnt -o FSTYPE /",
            hint: "this machine runs from its first ramdisk, which cannot be pivoted \
                   away; switch_root to another root first, or do without pivot_root \
                   (runtimes have an option for it: --no-pivot, or NoPivotRoot)",
            proof: Proof::NotProvoked("a machine that runs from its initramfs"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The new root is a folder, and not a mount.",
            probe: |root| !is_mount(root),
            look: "mountpoint FILE",
            hint: "FILE is not the top of a mount; mount --rbind FILE FILE",
            proof: Proof::Test("a_folder_that_is_no_mount_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The new root's mount, the one below it, or the one below the \
                      present root is shared: other namespaces would be told.",
            probe: |root| is_shared(root),
            look: "findmnt -o TARGET,PROPAGATION",
            hint: "FILE or the mount below it is shared, and others would have to be \
                   told; mount --make-rprivate /",
            proof: Proof::Test("a_shared_parent_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The new root's mount is locked to its place: it was there before \
                      the user namespace was.",
            probe: |_| in_user_namespace(),
            look: "cat /proc/self/uid_map; findmnt FILE",
            hint: "FILE was mounted before this user namespace was made, and such a mount \
                   is locked to its place; mount --rbind FILE FILE makes one that is not",
            proof: Proof::Test("a_locked_mount_is_named"),
        },
    ],
};

fn is_mount(root: &Path) -> bool {
    let here = fs::canonicalize(root).unwrap_or_default();
    table::of(root).is_some_and(|mount| mount.target == here)
}

/// Whether the kernel would have to tell another namespace about the exchange.
fn is_shared(root: &Path) -> bool {
    let table = table::read().unwrap_or_default().0;
    let below =
        |mount: &Entry| table.iter().find(|other| other.id == mount.parent).cloned();
    let shared =
        |mount: &Entry| mount.peers.iter().any(|peer| peer.starts_with("shared:"));
    let new = table::of(root);
    let present = table::of(Path::new("/"));
    let parents = [
        new.as_ref().and_then(below),
        present.as_ref().and_then(below),
    ];
    new.iter().chain(parents.iter().flatten()).any(shared)
}

fn root_is_ramdisk() -> bool {
    table::of(Path::new("/")).is_some_and(|mount| mount.fstype == "rootfs")
}
