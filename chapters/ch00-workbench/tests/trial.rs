//! A reader's program may loop, fork, print or delete what it stands in: it is stopped,
//! that is explained, and nothing of it stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use support::{Need, Output, needs};
use workbench::exercise::Exercise;
use workbench::exercise::desk::{Desk, Verdict};
use workbench::exercise::trial::{Limits, Outcome, run};

/// A trial ends every process that this one has started: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of this shell script, in a folder that is gone afterwards.
fn came_of(script: &str) -> Outcome {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits {
        time: Duration::from_secs(5),
        ..Limits::default()
    };
    let outcome = run(Path::new("/bin/sh"), &["-c", script], folder.path(), limits);
    assert_eq!(children(), "", "somebody is left of {script}");
    outcome.expect("a shell")
}

fn children() -> String {
    let tasks = fs::read_dir("/proc/self/task").expect("proc(5)").flatten();
    let lists = tasks
        .map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists.collect()
}

#[test]
fn whoever_loops_is_stopped() {
    let limit = Duration::from_secs(5);
    assert_eq!(came_of("while :; do :; done"), Outcome::TooLong(limit));
}

#[test]
fn whoever_forks_and_forks_is_stopped() {
    // Bounded, whatever becomes of the limits.
    let script = "n=0; while [ $n -lt 300 ]; do sleep 30 & n=$((n+1)); done; wait";
    assert_eq!(came_of(script), Outcome::TooMany(64));
}

#[test]
fn whoever_forks_and_leaves_is_stopped_too() {
    let script = "n=0; while [ $n -lt 300 ]; do (sleep 30 &) ; n=$((n+1)); done";
    assert_eq!(came_of(script), Outcome::TooMany(64));
}

#[test]
fn whoever_prints_a_gigabyte_is_stopped() {
    let outcome = came_of("head -c 1073741824 /dev/zero");
    assert_eq!(outcome, Outcome::TooLoud(64 * 1024));
}

#[test]
fn whoever_deletes_the_folder_has_deleted_a_folder_of_no_worth() {
    let outcome = came_of("rm -rf \"$PWD\" && echo gone; exit 3");
    assert_eq!(outcome, Outcome::Ended(3, "gone\n".into()));
}

/// A checkout with one exercise and nothing that must be downloaded or takes long.
struct Checkout(tempfile::TempDir);

const CARGO: &str = "[workspace.dependencies]\n\
    workbench = { package = \"ch00\", path = \"chapters/ch00-workbench\" }\n";
const WORKBENCH: &str = "[package]\nname = \"ch00\"\nversion = \"0.0.0\"\n\
    edition = \"2024\"\n\n[lib]\nname = \"workbench\"\n\n[workspace]\n";
const JUDGE: &str = "pub mod exercise {\n    pub fn judge<A: Copy>(list: &[(&str, A)], \
    check: fn(A) -> Result<(), String>) -> std::process::ExitCode {\n        \
    match check(list[0].1) {\n            Ok(()) => 43.into(),\n            \
    Err(why) => { println!(\"{why}\"); 42.into() }\n        }\n    }\n}\n";
const CHECK: &str = "pub type Attempt = fn() -> u8;\npub fn check(it: Attempt) -> \
    Result<(), String> {\n    if it() == 7 { Ok(()) } else { Err(\"not 7\".into()) }\n}\n";

impl Checkout {
    fn new(lock: &str) -> Self {
        let top = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = top.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file of our own");
        };
        write("Cargo.toml", CARGO);
        write("Cargo.lock", lock);
        write("chapters/ch00-workbench/Cargo.toml", WORKBENCH);
        write("chapters/ch00-workbench/src/lib.rs", JUDGE);
        let shelf = "chapters/ch01-chroot/exercises/seven";
        write(
            &format!("{shelf}/starter.rs"),
            "pub fn seven() -> u8 { 6 }\n",
        );
        write(&format!("{shelf}/check.rs"), CHECK);
        write(&format!("{shelf}/README.md"), "# Seven\n\nSay 7.\n");
        Self(top)
    }

    fn exercise(&self) -> Exercise {
        let mut all = workbench::exercise::all(self.0.path()).expect("one exercise");
        all.pop().expect("one exercise")
    }

    fn copy(&self) -> PathBuf {
        self.0.path().join("exercises/ch01/seven.rs")
    }

    fn check(&self) -> anyhow::Result<Verdict> {
        let _alone = alone();
        let (desk, one) = (Desk::of(self.0.path())?, self.exercise());
        desk.check(&one, std::slice::from_ref(&one))
    }
}

#[test]
fn from_the_starter_to_the_solution() {
    let checkout = Checkout::new("version = 4\n");
    let wrong = checkout.check().expect("cargo builds");
    assert_eq!(wrong, Verdict::Wrong("not 7".into()));

    fs::write(checkout.copy(), "pub fn seven() -> u8 { \"7\" }\n").unwrap();
    let verdict = checkout.check().expect("cargo runs");
    let Verdict::DoesNotCompile(words) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(words.contains("E0308"), "the compiler's own words: {words}");

    // It ends before it was judged.
    let end = "pub fn seven() -> u8 { std::process::exit(0) }\n";
    fs::write(checkout.copy(), end).unwrap();
    let Verdict::Wrong(words) = checkout.check().expect("cargo builds") else {
        panic!("whoever ends the check has not passed it");
    };
    assert!(words.contains("exit code 0"), "{words}");

    // It deletes the reader's copy, too: that is only a copy, and comes back.
    fs::write(
        checkout.copy(),
        format!(
            "pub fn seven() -> u8 {{ std::fs::remove_dir_all({:?}).unwrap(); 7 }}\n",
            checkout.copy().parent().unwrap()
        ),
    )
    .unwrap();
    assert_eq!(checkout.check().expect("cargo builds"), Verdict::Passed);
    assert!(!checkout.copy().exists());
    let again = checkout.check().expect("cargo builds");
    assert_eq!(again, Verdict::Wrong("not 7".into()));
}

/// `cargo exercise check` in this checkout, as `mounts` make it for this one process:
/// `$top` is the checkout, and `$work` a folder with `old` and `new` in it.
fn check_where(mounts: &str) -> Option<Output> {
    let _alone = alone();
    if !needs(&[Need::UserNamespace]) {
        return None;
    }
    let work = tempfile::tempdir().expect("a folder");
    for name in ["old", "new"] {
        fs::create_dir(work.path().join(name)).expect("a folder of our own");
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = format!(
        "set -e\ncp \"$program\" \"$work/ch00\"\n{mounts}\ncd /\n\
         exec \"$work/ch00\" exercise check find-program"
    );
    command.args(["--mount", "sh", "-c", &script]);
    command.env("program", env!("CARGO_BIN_EXE_ch00"));
    command.env("work", work.path());
    command.env("top", top.canonicalize().expect("the checkout"));
    Some(support::run(command))
}

#[test]
fn in_a_checkout_that_is_read_only_it_says_what_to_type() {
    let mounts = "mount --bind \"$top\" \"$top\"\n\
                  mount -o remount,bind,ro \"$top\"";
    if let Some(output) = check_where(mounts) {
        output.refused(1, "copy the checkout to where you may");
    }
}

#[test]
fn on_a_full_disk_it_says_what_to_type() {
    let mounts = "mount --bind \"$top\" \"$work/old\"\n\
        mount -t tmpfs -o size=16k full \"$work/new\"\n\
        ln -s \"$work/old/Cargo.toml\" \"$work/old/Cargo.lock\" \"$work/new/\"\n\
        mkdir \"$work/new/chapters\"\n\
        mount --bind \"$work/old/chapters\" \"$work/new/chapters\"\n\
        mount --rbind \"$work/new\" \"$top\"";
    if let Some(output) = check_where(mounts) {
        output.refused(1, "the disk is full");
    }
}

#[test]
fn without_a_crate_and_without_a_network_it_says_what_to_type() {
    let checkout = Checkout::new("version = 4\n");
    let path = checkout.0.path().join("Cargo.toml");
    // What is lent to attempts, and was never fetched by anybody.
    fs::write(&path, format!("{CARGO}libc = \"=0.2.1\"\n")).unwrap();
    let told = checkout.check().expect_err("it is not in cargo's cache");
    assert!(format!("{told:#}").contains("cargo fetch"), "{told:#}");
}
