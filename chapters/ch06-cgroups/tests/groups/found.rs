//! A group that the caller has made, with limits of their own: where one of ours is
//! refused, or all comes to nothing later, it is there as it was, and nothing else is.

use super::devices::no_zero;
use super::*;

/// The caller's group, in three trees.
struct Found {
    parent: String,
    folders: [PathBuf; 3],
}

impl Found {
    fn new() -> Self {
        let parent = format!("/skiff-test-{}-found", std::process::id());
        let trees = ["pids", "memory", "devices"];
        let folders =
            trees.map(|tree| format!("/sys/fs/cgroup/{tree}{parent}/group").into());
        let found = Self { parent, folders };
        for folder in &found.folders {
            std::fs::create_dir_all(folder).unwrap();
        }
        let [pids, memory, devices] = &found.folders;
        for (folder, file, value) in [
            (pids, "pids.max", "77"),
            (memory, "memory.limit_in_bytes", "67108864"),
            (memory, "memory.memsw.limit_in_bytes", "134217728"),
            (devices, "devices.deny", "a"),
            (devices, "devices.allow", "c 1:7 rw"),
        ] {
            std::fs::write(folder.join(file), value).unwrap();
        }
        found
    }

    fn path(&self) -> String {
        format!("{}/group", self.parent)
    }

    /// What its files say.
    fn told(&self) -> [String; 4] {
        let [pids, memory, devices] = &self.folders;
        let files = [
            pids.join("pids.max"),
            memory.join("memory.limit_in_bytes"),
            memory.join("memory.memsw.limit_in_bytes"),
            devices.join("devices.list"),
        ];
        files.map(|file| std::fs::read_to_string(file).unwrap())
    }

    /// In how many trees the group is.
    fn trees(&self) -> usize {
        Cgroup::open(&self.path()).unwrap().folders().count()
    }

    fn end(self) {
        Cgroup::open(&self.path()).unwrap().delete().unwrap();
        cgroups::remove_parent_if_empty(&self.parent).unwrap();
        assert!(Cgroup::open(&self.parent).unwrap().is_nowhere());
    }
}

#[test]
fn a_group_that_was_there_before_is_as_it_was() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let found = Found::new();
    let before = found.told();
    assert_eq!(before[0], "77\n");
    let mut limits = Limits {
        pids: Some(5),
        memory: Some(256 << 20),
        memory_swap: Some(256 << 20),
        devices: no_zero(),
        cpuset_cpus: Some("4000".into()),
        ..Limits::default()
    };
    let refused = Cgroup::create(&found.path(), &limits).unwrap_err();
    assert!(
        format!("{refused:#}").contains("cpuset.cpus"),
        "{refused:#}"
    );
    assert_eq!((found.told(), found.trees()), (before.clone(), 3));
    // One that is made, and comes to nothing with somebody in it.
    limits.cpuset_cpus = None;
    let cgroup = Cgroup::create(&found.path(), &limits).unwrap();
    assert!(cgroup.folders().count() > 3);
    assert_ne!(found.told(), before);
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    cgroup.add(Pid::from_raw(child.id().cast_signed())).unwrap();
    cgroup.undo().unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!((found.told(), found.trees()), (before, 3));
    found.end();
}
