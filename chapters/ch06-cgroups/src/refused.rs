//! Why a file of a control group may refuse what is written to it (cgroups(7), and
//! Documentation/admin-guide/cgroup-v2.rst).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};
use workbench::diagnosis::{Cause, Diagnosis, Proof, Scene, explain};

use crate::layout::{self, Version};

/// A value that was to be written to a file of a group; a new group is a folder to make,
/// and has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    file: PathBuf,
    value: String,
}

/// Why it was refused.
pub(crate) static WRITE: Diagnosis<Write> = Diagnosis {
    chapter: 6,
    call: "write",
    purpose: "make a control group, set it, or enter it",
    causes: &[
        Cause {
            errno: Errno::EACCES,
            meaning: "The group was not given to this user (it is not delegated).",
            probe: |write| access(write.nearest(), AccessFlags::W_OK).is_err(),
            look: "ls -ld FOLDER; ls -l FOLDER",
            hint: "FOLDER is not yours to change; type it again with sudo, or have a \
                   group delegated to you: systemd-run --user --scope -p Delegate=yes",
            proof: Proof::Test("a_group_that_is_not_delegated_is_named"),
        },
        Cause {
            errno: Errno::EACCES,
            meaning: "The group was given to this user, the one that the process comes \
                      from was not (version 2: both, and their common parent, must be).",
            probe: |write| write.is_entrance(),
            look: "cat /proc/VALUE/cgroup",
            hint: "process VALUE comes from a group outside of what was delegated to you; \
                   start it inside (systemd-run), or move it as root",
            proof: Proof::Test("a_process_from_outside_is_named"),
        },
        Cause {
            errno: Errno::EROFS,
            meaning: "The tree is mounted read-only, as in a container.",
            probe: |_| true,
            look: "findmnt -o TARGET,OPTIONS -T FOLDER",
            hint: "FOLDER is on a read-only mount (is this a container?); start the outer \
                   container with --privileged, or mount -o remount,rw it",
            proof: Proof::Test("a_read_only_tree_is_named"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "There is no such group, or no tree is mounted there.",
            probe: |write| !write.folder().exists(),
            look: "ls -d FOLDER; grep cgroup /proc/self/mountinfo",
            hint: "there is no group FOLDER; make it first: mkdir FOLDER (and is a tree \
                   mounted there? grep cgroup /proc/self/mountinfo)",
            proof: Proof::Test("a_group_that_is_missing_is_named"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "The group has the controller to give only if its own parent gives \
                      it (version 2, `cgroup.subtree_control`).",
            probe: |write| write.gives() && !write.has_controller(write.folder()),
            look: "cat FOLDER/cgroup.controllers",
            hint: "FOLDER has no CONTROLLER to give to its children; what it has is in \
                   cgroup.controllers, and comes from its parent",
            proof: Proof::Test("a_controller_that_is_not_there_to_give_is_named"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "The controller was not given to this group by its parent \
                      (version 2).",
            probe: |write| write.is_v2() && write.is_in_tree(),
            look: "cat FOLDER/../cgroup.subtree_control",
            hint: "the parent of FOLDER has not given it the controller CONTROLLER; \
                   echo +CONTROLLER >FOLDER/../cgroup.subtree_control",
            proof: Proof::Test("a_controller_that_was_not_given_is_named"),
        },
        Cause {
            errno: Errno::ENOENT,
            meaning: "The controller is not in this tree: another one has it.",
            probe: |_| true,
            look: "grep CONTROLLER /proc/self/cgroup",
            hint: "no CONTROLLER is in the tree of FOLDER; grep CONTROLLER \
                   /proc/self/cgroup tells in which it is",
            proof: Proof::Test("a_controller_of_another_tree_is_named"),
        },
        Cause {
            errno: Errno::EBUSY,
            meaning: "Processes are in the group, and in version 2 a group has processes \
                      or gives controllers to children, not both.",
            probe: |write| write.gives(),
            look: "cat FOLDER/cgroup.procs",
            hint: "processes are in FOLDER, so it cannot give controllers to children; \
                   move them into a child: mkdir FOLDER/leaf, then each pid of \
                   FOLDER/cgroup.procs to FOLDER/leaf/cgroup.procs",
            proof: Proof::Test("a_group_gives_controllers_or_has_processes"),
        },
        Cause {
            errno: Errno::EBUSY,
            meaning: "The group gives controllers to its children, and so takes no \
                      process itself (version 2).",
            probe: |write| write.is_entrance(),
            look: "cat FOLDER/cgroup.subtree_control",
            hint: "FOLDER gives controllers to its children, so no process may enter it; \
                   enter a child: mkdir FOLDER/leaf",
            proof: Proof::Test("a_group_gives_controllers_or_has_processes"),
        },
        Cause {
            errno: Errno::EBUSY,
            meaning: "The group uses more than this limit already (version 1).",
            probe: |write| write.name().contains("limit_in_bytes"),
            look: "cat FOLDER/memory.usage_in_bytes",
            hint: "the processes in FOLDER use more than VALUE already, and it cannot be \
                   taken back; end some, or allow more",
            proof: Proof::Test("a_limit_below_what_is_used_is_named"),
        },
        Cause {
            errno: Errno::ENOSPC,
            meaning: "The group has no processor, or no memory node, to run on \
                      (version 1, `cpuset`).",
            probe: Write::is_empty_cpuset,
            look: "grep . FOLDER/cpuset.cpus FOLDER/cpuset.mems",
            hint: "cpuset.cpus or cpuset.mems of FOLDER is empty, and takes no process \
                   so; copy both from its parent first",
            proof: Proof::Test("an_empty_cpuset_is_named"),
        },
        Cause {
            errno: Errno::ESRCH,
            meaning: "The process has ended.",
            probe: |write| write.is_entrance(),
            look: "ls -d /proc/VALUE",
            hint: "there is no process VALUE (any more); look: ls -d /proc/VALUE",
            proof: Proof::Test("a_process_that_is_gone_is_named"),
        },
        Cause {
            errno: Errno::EINVAL,
            meaning: "The kernel does not take this value for this file.",
            probe: |_| true,
            look: "cat FILE",
            hint: "VALUE is no value for FILE; see how the present one is written: \
                   cat FILE",
            proof: Proof::Test("a_value_that_is_none_is_named"),
        },
    ],
};

/// The error of a write that was refused, with a hint.
pub(crate) fn written(error: io::Error, file: &Path, value: &str) -> anyhow::Error {
    let what = format!("write {value:?} to {}", file.display());
    let write = Write {
        file: file.to_owned(),
        value: value.to_owned(),
    };
    match error.raw_os_error() {
        Some(code) => explain(what, &WRITE, &write, Errno::from_raw(code)),
        None => anyhow::Error::from(error).context(what),
    }
}

/// What to do about a group that could not be made.
pub(crate) fn hint_of_making(error: &io::Error, folder: &Path) -> Option<String> {
    let has_parent = |it: &&Path| it.parent().is_some_and(Path::exists);
    let write = Write {
        file: folder.ancestors().find(has_parent)?.to_owned(),
        value: String::new(),
    };
    WRITE.hint(&write, Errno::from_raw(error.raw_os_error()?))
}

impl Scene for Write {
    fn words(&self) -> Vec<(&'static str, String)> {
        vec![
            ("FILE", self.file.display().to_string()),
            ("FOLDER", self.folder().display().to_string()),
            ("CONTROLLER", self.controller().to_owned()),
            ("VALUE", self.value.clone()),
        ]
    }
}

impl Write {
    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }

    fn name(&self) -> &str {
        let name = self.file.file_name().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    /// The file, or for one that is not there its folder.
    fn nearest(&self) -> &Path {
        match self.file.exists() {
            true => &self.file,
            false => self.folder(),
        }
    }

    /// Whether a process was to enter the group.
    fn is_entrance(&self) -> bool {
        ["cgroup.procs", "cgroup.threads", "tasks"].contains(&self.name())
    }

    /// Whether the children of the group were to be given a controller.
    fn gives(&self) -> bool {
        self.name() == "cgroup.subtree_control"
    }

    fn controller(&self) -> &str {
        match self.gives() {
            true => self.value.trim_start_matches(['+', '-']),
            false => self.name().split('.').next().unwrap_or_default(),
        }
    }

    fn is_v2(&self) -> bool {
        self.folder().join("cgroup.controllers").exists()
    }

    fn has_controller(&self, group: &Path) -> bool {
        let names = fs::read_to_string(group.join("cgroup.controllers"));
        let is_it = |name: &str| name == self.controller();
        names.is_ok_and(|names| names.split_whitespace().any(is_it))
    }

    /// Whether the tree of version 2 has the controller at all.
    fn is_in_tree(&self) -> bool {
        let trees = layout::trees();
        let mut second = trees.iter().filter(|tree| tree.version == Version::V2);
        second.any(|tree| self.has_controller(&tree.mount))
    }

    fn is_empty_cpuset(&self) -> bool {
        ["cpuset.cpus", "cpuset.mems"].iter().any(|file| {
            let text = fs::read_to_string(self.folder().join(file));
            text.is_ok_and(|text| text.trim().is_empty())
        })
    }
}
