//! Each way in which a file of a group refuses a value, provoked in groups of the test's
//! own; the program must name that way.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

use std::fs;
use std::io::Read;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{Need, Ordinary, Output, needs, run};

const CH06: &str = env!("CARGO_BIN_EXE_ch06");
const UNIFIED: &str = "/sys/fs/cgroup/unified";

/// A group of one tree, gone with all that is in it when it is dropped.
struct Group(PathBuf);

impl Group {
    fn new(tree: &str, name: &str) -> Self {
        let own = format!("skiff-test-{}-{name}", std::process::id());
        let group = Self(Path::new(tree).join(own));
        fs::create_dir(&group.0).unwrap();
        group
    }

    fn child(&self, name: &str) -> Self {
        let child = Self(self.0.join(name));
        fs::create_dir(&child.0).unwrap();
        child
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What was killed in it takes a moment to go.
        let limit = std::time::Duration::from_secs(5);
        let gone = || fs::remove_dir(&self.0).is_ok().then_some(());
        support::eventually("the group is empty", limit, gone);
    }
}

/// A process that has entered a group, and waits to be killed.
struct Guest(Child);

impl Guest {
    fn of(group: &Group, script: &str) -> Self {
        let procs = group.file("cgroup.procs");
        let script = format!("echo $$ >{procs} && {script}; echo in; read wait");
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guest = Self(command.spawn().unwrap());
        let mut said = [0; 3];
        guest
            .0
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        guest
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write(file: &str, value: &str) -> Output {
    let mut command = Command::new(CH06);
    command.args(["write", file, value]);
    run(command)
}

#[test]
fn a_group_that_is_not_delegated_is_named() {
    if !needs(&[Need::Root, Need::User, Need::CgroupHybrid]) {
        return;
    }
    let user = Ordinary::new();
    let group = Group::new(UNIFIED, "closed");
    let mut command = user.command(CH06);
    command.args(["write", &group.file("cgroup.procs"), "0"]);
    let hint = format!("{} is not yours to change;", group.0.display());
    run(command).hinted("EACCES", &hint);
}

#[test]
fn a_process_from_outside_is_named() {
    if !needs(&[Need::Root, Need::User, Need::CgroupHybrid]) {
        return;
    }
    let user = Ordinary::new();
    let group = Group::new(UNIFIED, "given");
    for path in [group.0.clone(), group.0.join("cgroup.procs")] {
        chown(path, Some(user.ids().0), None).unwrap();
    }
    let mut command = user.command(CH06);
    command.args(["write", &group.file("cgroup.procs"), "0"]);
    let hint = "process 0 comes from a group outside of what was delegated";
    run(command).hinted("EACCES", hint);
}

#[test]
fn a_read_only_tree_is_named() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let script = "mount -o remount,bind,ro /sys/fs/cgroup/unified &&
        exec \"$0\" write /sys/fs/cgroup/unified/cgroup.procs 0";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, CH06]);
    let hint = "/sys/fs/cgroup/unified is on a read-only mount";
    run(command).hinted("EROFS", hint);
}

#[test]
fn a_group_that_is_missing_is_named() {
    let out = write("/sys/fs/cgroup/no/such/cgroup.procs", "0");
    out.hinted(
        "ENOENT",
        "there is no group /sys/fs/cgroup/no/such; make it first",
    );
}

/// A controller that version 2 has on a hybrid machine, if it has any.
fn second() -> Option<String> {
    let file = Path::new(UNIFIED).join("cgroup.controllers");
    let names = fs::read_to_string(file).unwrap_or_default();
    names.split_whitespace().next().map(str::to_owned)
}

#[test]
fn a_controller_that_is_not_there_to_give_is_named() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let group = Group::new(UNIFIED, "poor");
    let out = write(&group.file("cgroup.subtree_control"), "+memory");
    out.hinted(
        "ENOENT",
        &format!("{} has no memory to give", group.0.display()),
    );
}

#[test]
fn a_controller_that_was_not_given_is_named() {
    let Some(name) = second().filter(|_| needs(&[Need::Root, Need::CgroupHybrid])) else {
        return;
    };
    let group = Group::new(UNIFIED, "parent");
    let child = group.child("child");
    let out = write(&child.file(&format!("{name}.max")), "1");
    let hint = format!("the parent of {} has not given it", child.0.display());
    out.hinted("ENOENT", &hint);
}

#[test]
fn a_controller_of_another_tree_is_named() {
    if !needs(&[Need::Root, Need::CgroupHybrid]) {
        return;
    }
    let group = Group::new(UNIFIED, "other");
    let out = write(&group.file("memory.max"), "1");
    out.hinted("ENOENT", "no memory is in the tree of ");
}

/// A controller that the whole tree has been given, unless it had it before.
struct Given(Option<String>);

impl Given {
    const FILE: &str = "/sys/fs/cgroup/unified/cgroup.subtree_control";

    fn new(controller: &str) -> Self {
        let before = fs::read_to_string(Self::FILE).unwrap();
        if before.split_whitespace().any(|name| name == controller) {
            return Self(None);
        }
        fs::write(Self::FILE, format!("+{controller}")).unwrap();
        Self(Some(controller.to_owned()))
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            let _ = fs::write(Self::FILE, format!("-{controller}"));
        }
    }
}

#[test]
fn a_group_gives_controllers_or_has_processes() {
    let Some(name) = second().filter(|_| needs(&[Need::Root, Need::CgroupHybrid])) else {
        return;
    };
    let plus = format!("+{name}");
    let _given = Given::new(&name);
    let group = Group::new(UNIFIED, "inhabited");
    let guest = Guest::of(&group, "true");
    let out = write(&group.file("cgroup.subtree_control"), &plus);
    out.hinted(
        "EBUSY",
        &format!("processes are in {}, so", group.0.display()),
    );
    drop(guest);
    let group = Group::new(UNIFIED, "giving");
    let _ = write(&group.file("cgroup.subtree_control"), &plus).ok();
    let out = write(&group.file("cgroup.procs"), "0");
    let hint = format!("{} gives controllers to its children", group.0.display());
    out.hinted("EBUSY", &hint);
}

#[test]
fn a_limit_below_what_is_used_is_named() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("/sys/fs/cgroup/memory", "full");
    let _guest = Guest::of(&group, "x=$(head -c 30000000 /dev/zero | tr '\\0' x)");
    let out = write(&group.file("memory.limit_in_bytes"), "1000000");
    out.hinted("EBUSY", "the processes in ");
}

#[test]
fn an_empty_cpuset_is_named() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("/sys/fs/cgroup/cpuset", "empty");
    let out = write(&group.file("cgroup.procs"), "0");
    out.hinted("ENOSPC", "cpuset.cpus or cpuset.mems of ");
}

#[test]
fn a_process_that_is_gone_is_named() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("/sys/fs/cgroup/memory", "gone");
    let out = write(&group.file("cgroup.procs"), "4194304");
    out.hinted("ESRCH", "there is no process 4194304");
}

#[test]
fn a_value_that_is_none_is_named() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = Group::new("/sys/fs/cgroup/memory", "banana");
    let out = write(&group.file("memory.limit_in_bytes"), "banana");
    out.hinted("EINVAL", "banana is no value for ");
}
