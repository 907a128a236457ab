//! The doctor, on machines that lack something: each lack is made in namespaces of an
//! ordinary user, and the doctor must name it, and what to type.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use support::{Need, Ordinary, Output, needs, run};

/// A reader with a checkout of their own, as far as the doctor looks at it.
struct Reader {
    user: Ordinary,
}

impl Reader {
    /// Nobody, where the machine has no user namespaces to make lacks in.
    fn new() -> Option<Self> {
        if !needs(&[Need::User, Need::UserNamespace]) {
            return None;
        }
        let user = Ordinary::new();
        for chapter in workbench_chapters() {
            let name = chapter.file_name().expect("a folder's name");
            let copy = user.home().join("skiff/chapters").join(name);
            fs::create_dir_all(&copy).expect("a folder in the home");
            fs::copy(chapter.join("needs.toml"), copy.join("needs.toml"))
                .expect("a copy");
        }
        let target = user.home().join("skiff/target/debug");
        fs::create_dir_all(&target).expect("a folder in the home");
        fs::copy(env!("CARGO_BIN_EXE_ch00"), target.join("ch00")).expect("a copy");
        give(&user, &user.home().join("skiff"));
        Some(Self { user })
    }

    /// What the doctor says after `lack` was done, as root of namespaces with these
    /// flags of unshare(1). `$doctor` in `lack` is the doctor.
    fn doctor(&self, flags: &[&str], lack: &str) -> Output {
        let home = self.user.home();
        let mut command = self.user.command("/usr/bin/unshare");
        command
            .args(flags)
            .args(["/bin/sh", "-euc", lack])
            .env("doctor", home.join("skiff/target/debug/ch00"))
            .env(
                "CARGO_MANIFEST_DIR",
                home.join("skiff/chapters/ch00-workbench"),
            );
        run(command)
    }
}

fn workbench_chapters() -> Vec<PathBuf> {
    let chapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(chapters).expect("the chapters").flatten();
    let with_needs = |path: &PathBuf| path.join("needs.toml").exists();
    folders
        .map(|entry| entry.path())
        .filter(with_needs)
        .collect()
}

fn give(user: &Ordinary, path: &Path) {
    let (uid, gid) = user.ids();
    chown(path, Some(uid), Some(gid)).expect("our own folder");
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        give(user, &entry.path());
    }
}

/// Whether the report names this lack, why, and this to type.
#[track_caller]
fn names(output: &Output, probe: &str, why: &str, to_type: &str) {
    let text = &output.stdout;
    let mut parts = text.split("\n\n").skip(1);
    let head = format!("[{probe}] ");
    let part = parts.find(|part| part.starts_with(&head));
    let part = part.unwrap_or_else(|| panic!("no {head}in {output}"));
    assert!(part.contains(why), "{why} is missing in {part}");
    assert!(part.contains(to_type), "{to_type} is missing in {part}");
}

fn line<'a>(output: &'a Output, chapter: &str) -> &'a str {
    let mut lines = output.stdout.lines();
    let found = lines.find(|line| line.starts_with(chapter));
    found.unwrap_or_else(|| panic!("no {chapter} in {output}"))
}

const AS_ROOT: [&str; 2] = ["--map-root-user", "--mount"];

#[test]
fn no_user_namespaces() {
    let Some(reader) = Reader::new() else { return };
    let flags = ["--map-user=1000", "--map-group=1000", "--keep-caps"];
    let lack = "echo 0 > /proc/sys/user/max_user_namespaces; $doctor doctor";
    let output = reader.doctor(&flags, lack).expect(1);
    let what = "sudo sysctl user.max_user_namespaces=10000";
    names(&output, "user-namespace", "ENOSPC", what);
    let told = line(&output, "ch01");
    assert!(
        told.ends_with("does not work: needs [user-namespace]"),
        "{told}"
    );
}

#[test]
fn no_shell() {
    let Some(reader) = Reader::new() else { return };
    let lack = "mount --bind /dev/null /bin/sh; exec $doctor doctor";
    let output = reader.doctor(&AS_ROOT, lack);
    names(
        &output,
        "shell",
        "cannot be executed",
        "apt-get install dash",
    );
    let told = line(&output, "ch01");
    assert!(told.contains("the shown root [shell]"), "{told}");
}

#[test]
fn a_full_disk() {
    let Some(reader) = Reader::new() else { return };
    let lack = "mkdir tmp; mount -t tmpfs -o size=2m none tmp; \
                TMPDIR=$HOME/tmp exec $doctor doctor";
    let output = reader.doctor(&AS_ROOT, lack).expect(1);
    names(&output, "temporary", "ENOSPC", "export TMPDIR=");
    let told = line(&output, "ch01");
    assert!(told.ends_with("does not work: needs [temporary]"), "{told}");
}

#[test]
fn a_read_only_checkout() {
    let Some(reader) = Reader::new() else { return };
    let lack = "mount --bind skiff skiff; mount -o remount,bind,ro skiff; \
                exec $doctor doctor";
    let output = reader.doctor(&AS_ROOT, lack);
    names(
        &output,
        "checkout",
        "Read-only file system",
        "cp -r . ~/skiff",
    );
    names(&output, "target", "Read-only", "export CARGO_TARGET_DIR=");
    let told = line(&output, "ch00");
    assert!(told.contains("`cargo exercise` [checkout]"), "{told}");
}

#[test]
fn no_network() {
    let Some(reader) = Reader::new() else { return };
    let flags = ["--map-root-user", "--net"];
    let output = reader.doctor(&flags, "exec $doctor doctor");
    names(
        &output,
        "network",
        "unreachable",
        "only pulling needs a network",
    );
    let told = line(&output, "ch08");
    assert!(
        told.ends_with("; but not pulling an image [network]"),
        "{told}"
    );
}

#[test]
fn no_mdbook() {
    let Some(reader) = Reader::new() else { return };
    let output = reader.doctor(&AS_ROOT, "PATH=/nowhere exec $doctor doctor");
    names(
        &output,
        "mdbook",
        "no mdbook in PATH",
        "cargo install mdbook",
    );
}

#[test]
fn a_machine_that_has_it_all_is_well() {
    let Some(reader) = Reader::new() else { return };
    let lack = "mkdir bin; printf '#!/bin/sh\\n' > bin/mdbook; chmod +x bin/mdbook; \
                PATH=$HOME/bin exec $doctor doctor";
    let output = reader.doctor(&AS_ROOT, lack);
    for probe in [
        "user-namespace",
        "shell",
        "temporary",
        "checkout",
        "target",
        "mdbook",
    ] {
        assert!(
            !output.stdout.contains(&format!("[{probe}]")),
            "{probe}: {output}"
        );
    }
    assert!(line(&output, "ch01").ends_with(" works"), "{output}");
}

#[test]
fn a_checkout_without_chapters_is_an_error_that_names_it() {
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch00"));
    command
        .arg("doctor")
        .env("CARGO_MANIFEST_DIR", "/no/such/checkout/chapters/ch00");
    let output = run(command).expect(1);
    assert!(
        output
            .stderr
            .contains("doctor: list /no/such/checkout/chapters"),
        "{output}"
    );
}
