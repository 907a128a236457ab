//! Why overlayfs may refuse a stack (Documentation/filesystems/overlayfs.rst).

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::statfs::{self, FsType, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};
use workbench::diagnosis::{Cause, Diagnosis, Proof, Scene};
use workbench::user::in_user_namespace;

use super::Stack;

/// Why overlayfs says no.
pub(crate) static OVERLAY: Diagnosis<Stack> = Diagnosis {
    chapter: 7,
    call: "fsconfig",
    purpose: "lay folders upon each other (overlayfs)",
    causes: &[
        Cause {
            errno: Errno::ENOENT,
            meaning: "A layer is not there.",
            probe: |stack| stack.lower.iter().any(|layer| !layer.exists()),
            look: "ls -ld LAYER",
            hint: "there is no layer LAYER; look for it: ls -ld LAYER",
            proof: Proof::Test("a_layer_that_is_missing_is_named"),
        },
        Cause {
            errno: Errno::EBUSY,
            meaning: "Another overlay writes to the same upper or work folder. (Only \
                      with `index=on`; without it the kernel allows it, and what comes \
                      of it is undefined.)",
            probe: |_| true,
            look: "grep UPPER /proc/*/mountinfo",
            hint: "another overlay has UPPER or WORK in use; end it first \
                   (grep UPPER /proc/*/mountinfo tells whose it is), or take other folders",
            proof: Proof::Test("a_folder_in_use_is_named"),
        },
        Cause {
            errno: Errno::ELOOP,
            meaning: "A folder is in the stack twice, or one lies inside another.",
            probe: |_| true,
            look: "realpath LAYER UPPER WORK",
            hint: "a folder is in the stack twice, or lies inside another one of it: \
                   layers, UPPER and WORK must be apart",
            proof: Proof::Test("a_layer_inside_another_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "There are more than 500 layers.",
            probe: |stack| stack.lower.len() > MOST_LAYERS,
            look: "ls -d /proc/self/fd/*",
            hint: "overlayfs takes 500 layers, and here are COUNT; make several into one",
            proof: Proof::Test("too_many_layers_are_counted"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "A layer is not a folder.",
            probe: |stack| stack.lower.iter().any(|layer| !layer.is_dir()),
            look: "ls -ld LAYER",
            hint: "LAYER is not a folder, and only folders can be laid upon each other",
            proof: Proof::Test("a_layer_that_is_no_folder_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The upper folder lies on an overlay itself, as in a container.",
            probe: |stack| kind(&stack.upper) == Some(statfs::OVERLAYFS_SUPER_MAGIC),
            look: "stat -f -c %T UPPER",
            hint: "UPPER lies on an overlay (is this a container?), which cannot be the \
                   upper folder of another; give it a volume or a tmpfs",
            proof: Proof::Test("an_upper_folder_on_an_overlay_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The upper folder's file system is one that changes behind the \
                      kernel's back, such as NFS, SMB, FUSE, FAT.",
            probe: |stack| kind(&stack.upper).is_some_and(|kind| REMOTE.contains(&kind)),
            look: "stat -f -c %T UPPER",
            hint: "the file system of UPPER cannot be overlayfs's upper one; move UPPER \
                   and WORK to ext4, xfs, btrfs or tmpfs",
            proof: Proof::NotProvoked("a network file system"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The upper folder is read-only.",
            probe: |stack| is_read_only(&stack.upper),
            look: "findmnt -o TARGET,OPTIONS -T UPPER",
            hint: "UPPER is on a read-only mount; mount -o remount,rw it, or take another \
                   folder",
            proof: Proof::Test("a_read_only_upper_folder_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The upper and the work folder lie on different mounts.",
            probe: |stack| mount_of(&stack.upper) != mount_of(&stack.work),
            look: "findmnt -T UPPER; findmnt -T WORK",
            hint: "UPPER and WORK lie on different mounts, and files are renamed from one \
                   to the other; put them side by side",
            proof: Proof::Test("two_mounts_are_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The work folder lies inside the upper one, or the upper in the work.",
            probe: Stack::is_tangled,
            look: "realpath UPPER WORK",
            hint: "of UPPER and WORK one lies inside the other; put them side by side",
            proof: Proof::Test("a_work_folder_inside_the_upper_one_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "A layer lies on an overlay that lies on an overlay: two deep is all.",
            probe: |stack| stack.lower.iter().any(|layer| is_overlay(layer)),
            look: "stat -f -c %T LAYER",
            hint: "LAYER lies on an overlay upon an overlay, and the kernel takes no third; \
                   copy it to an ordinary file system",
            proof: Proof::Test("a_third_overlay_is_named"),
        },
        Cause {
            errno: Errno::EPERM,
            meaning: "The kernel lets only root use overlayfs (before 5.11).",
            probe: |_| in_user_namespace(),
            look: "uname -r",
            hint: "in a user namespace overlayfs needs a kernel of 5.11 or later; type it \
                   again with sudo",
            proof: Proof::NotProvoked("a kernel before 5.11"),
        },
        Cause {
            errno: Errno::ENODEV,
            meaning: "The kernel has no overlayfs.",
            probe: |_| true,
            look: "grep overlay /proc/filesystems",
            hint: "this kernel has no overlayfs, or not yet; sudo modprobe overlay",
            proof: Proof::NotProvoked("a kernel without overlayfs"),
        },
    ],
};

/// `OVL_MAX_STACK` of the kernel.
const MOST_LAYERS: usize = 500;

const REMOTE: [FsType; 4] = [
    statfs::NFS_SUPER_MAGIC,
    statfs::SMB_SUPER_MAGIC,
    statfs::FUSE_SUPER_MAGIC,
    statfs::MSDOS_SUPER_MAGIC,
];

impl Scene for Stack {
    fn words(&self) -> Vec<(&'static str, String)> {
        let mut layers = self.lower.iter();
        // The layer that there is something to say of, or the topmost one.
        let strange = layers.find(|layer| !layer.is_dir() || is_overlay(layer));
        let layer = strange.or(self.lower.first());
        let show = |path: &Path| path.display().to_string();
        vec![
            ("LAYER", layer.map(|layer| show(layer)).unwrap_or_default()),
            ("COUNT", self.lower.len().to_string()),
            ("UPPER", show(&self.upper)),
            ("WORK", show(&self.work)),
        ]
    }
}

impl Stack {
    fn is_tangled(&self) -> bool {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_default();
        let (upper, work) = (real(&self.upper), real(&self.work));
        upper.starts_with(&work) || work.starts_with(&upper)
    }
}

fn kind(folder: &Path) -> Option<FsType> {
    Some(statfs(folder).ok()?.filesystem_type())
}

fn is_overlay(folder: &Path) -> bool {
    kind(folder) == Some(statfs::OVERLAYFS_SUPER_MAGIC)
}

fn is_read_only(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|it| it.flags().contains(FsFlags::ST_RDONLY))
}

/// The number of the mount in which a folder lies (proc_pid_fdinfo(5)).
fn mount_of(folder: &Path) -> Option<String> {
    let file = File::open(folder).ok()?;
    let info = format!("/proc/self/fdinfo/{}", file.as_raw_fd());
    let text = fs::read_to_string(info).ok()?;
    let line = text.lines().find(|line| line.starts_with("mnt_id:"))?;
    Some(line.to_owned())
}

#[cfg(test)]
mod tests {
    use support::{Need, needs};
    use workbench::diagnosis::explain;

    use super::*;
    use crate::fscontext::FsContext;

    /// Upper and work folder as asked, configured until the kernel has made the union.
    fn make(stack: &Stack) -> Result<FsContext, Errno> {
        let text = |path: &Path| {
            let path = path.to_str().expect("a plain name");
            std::ffi::CString::new(path).expect("no NUL")
        };
        for folder in stack.lower.iter().chain([&stack.upper, &stack.work]) {
            fs::create_dir_all(folder).expect("a folder");
        }
        let context = FsContext::open(c"overlay")?;
        for layer in &stack.lower {
            context.set(c"lowerdir+", &text(layer))?;
        }
        context.set(c"upperdir", &text(&stack.upper))?;
        context.set(c"workdir", &text(&stack.work))?;
        context.set(c"index", c"on")?;
        context.create().map(|()| context)
    }

    fn stack(top: &Path, upper: &str, work: &str) -> Stack {
        Stack {
            lower: vec![top.join("lower")],
            upper: top.join(upper),
            work: top.join(work),
        }
    }

    #[track_caller]
    fn hint(stack: &Stack, errno: Errno) -> String {
        let refused = make(stack).err();
        assert_eq!(refused, Some(errno));
        let error = explain("make the union", &OVERLAY, stack, errno);
        let hint = workbench::diagnosis::hint(&error);
        hint.expect("a hint").to_owned()
    }

    // Nothing is mounted in these: a union that has no place is gone with its context.

    #[test]
    fn a_folder_in_use_is_named() {
        if !needs(&[Need::Root, Need::Overlay]) {
            return;
        }
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder on a tmpfs");
        let first = stack(folder.path(), "upper", "work");
        let _in_use = make(&first).expect("a union");
        let second = stack(folder.path(), "upper", "other");
        let said = hint(&second, Errno::EBUSY);
        let upper = second.upper.display();
        assert!(
            said.starts_with(&format!("another overlay has {upper} or ")),
            "{said}"
        );
    }

    #[test]
    fn a_work_folder_inside_the_upper_one_is_named() {
        if !needs(&[Need::Root, Need::Overlay]) {
            return;
        }
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder on a tmpfs");
        let said = hint(&stack(folder.path(), "upper", "upper/work"), Errno::EINVAL);
        assert!(said.contains("one lies inside the other"), "{said}");
    }
}
