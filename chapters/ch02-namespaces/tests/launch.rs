//! The launch at moments that chance seldom brings: a child that has failed before its
//! launcher does, and a launcher that is slow to write the maps.
//!
//! Without the usual harness, which has threads: who launches must have one.

#![expect(clippy::print_stdout, reason = "a harness of its own")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use chroot::process::{self, Child};
use namespaces::{Helm, Launch, Namespace, Namespaces, launch};
use nix::unistd::{Gid, Uid, getegid, geteuid, setgroups, setresgid, setresuid};
use support::{Need, needs};

fn main() {
    // Root's maps name somebody else: what belongs to nobody in there is root's out here.
    let ids = match geteuid().is_root() {
        true => (1, 1),
        false => (geteuid().as_raw(), getegid().as_raw()),
    };
    if needs(&[Need::UserNamespace, Need::NetNamespace]) {
        the_files_of_a_network_belong_to_the_root_that_comes(ids);
    }
    if geteuid().is_root() {
        become_nobody();
    }
    the_word_of_a_child_that_failed_first_is_told();
    a_launcher_that_fails_alone_is_told();
}

/// However long the launcher takes for the maps: the kernel asks who root is when it makes
/// the namespace.
fn the_files_of_a_network_belong_to_the_root_that_comes((uid, gid): (u32, u32)) {
    let plan = Launch {
        namespaces: [Namespace::User, Namespace::Net].into_iter().collect(),
        by_itself: true,
        ..Launch::default()
    };
    let mut crew = |child: &Child| {
        std::thread::sleep(Duration::from_millis(200));
        let file = |name: &str| format!("/proc/{}/{name}", child.pid);
        fs::write(file("setgroups"), "deny")?;
        fs::write(file("uid_map"), format!("0 {uid} 1"))?;
        fs::write(file("gid_map"), format!("0 {gid} 1"))?;
        Ok(())
    };
    let child = launch(&plan, &mut crew, |helm: &Helm<'_>| {
        let owner = fs::metadata("/proc/self/net/dev")?.uid();
        ensure!(owner == 0, "the owner is {owner}");
        let program = process::find("true", "/usr/bin:/bin")?;
        let words = process::strings(&["true"])?;
        helm.executing()?;
        Err(process::exec(&program, &words, &[]))
    });
    let ended = child.and_then(|child| child.wait());
    assert_eq!(ended.map(|exit| exit.status()).ok(), Some(0));
    println!("the_files_of_a_network_belong_to_the_root_that_comes ... ok");
}

/// What it was refused is the cause; that there is nobody to prepare any more follows.
fn the_word_of_a_child_that_failed_first_is_told() {
    let told = failed(&[Namespace::Uts], |child| {
        child.wait_gone()?;
        bail!("nobody to prepare")
    });
    assert!(told.contains("make new namespaces: CLONE_NEWUTS"), "{told}");
    println!("the_word_of_a_child_that_failed_first_is_told ... ok");
}

fn a_launcher_that_fails_alone_is_told() {
    let told = failed(&[], |_| bail!("a word of its own"));
    assert_eq!(told, "a word of its own");
    println!("a_launcher_that_fails_alone_is_told ... ok");
}

/// What a launch says that makes these namespaces and is prepared so.
fn failed(own: &[Namespace], mut crew: impl FnMut(&Child) -> Result<()>) -> String {
    let plan = Launch {
        namespaces: own.iter().copied().collect::<Namespaces>(),
        by_itself: true,
        ..Launch::default()
    };
    let child = launch(&plan, &mut crew, |_: &Helm<'_>| bail!("its recipe began"));
    let error = child.map(|child| child.pid).expect_err("it must fail");
    format!("{error:#}")
}

/// From here on no namespace is made without a user namespace.
fn become_nobody() {
    let (uid, gid) = (Uid::from_raw(65534), Gid::from_raw(65534));
    setgroups(&[]).expect("no groups");
    setresgid(gid, gid, gid).expect("nobody's group");
    setresuid(uid, uid, uid).expect("nobody");
}
