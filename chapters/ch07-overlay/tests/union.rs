//! Chapter 7 at work: its program, driven by whoever runs the tests and by an ordinary
//! user.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::Command;

use support::{Need, Ordinary, Output, needs, run};

const CH07: &str = env!("CARGO_BIN_EXE_ch07");

fn ch07(args: &[&str]) -> Output {
    let mut command = Command::new(CH07);
    command.args(args);
    run(command)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry.expect("a name"))).collect();
    names.sort();
    names
}

#[test]
fn changes_go_to_the_upper_folder_and_the_layers_stay() {
    if !needs(&[Need::Overlay]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (top, low) = (folder.path().join("top"), folder.path().join("low"));
    for (layer, says) in [(&top, "top"), (&low, "low")] {
        fs::create_dir_all(layer.join("data")).unwrap();
        fs::write(layer.join("data/both"), says).unwrap();
        fs::write(layer.join("data").join(says), says).unwrap();
    }
    let upper = folder.path().join("upper");
    let script = "cd /data; cat both top low; echo more >>low; rm top; echo new >new";
    let layers = [
        "--lower",
        text(&top),
        "--lower",
        text(&low),
        "--upper",
        text(&upper),
    ];
    let out = ch07(&[&["run"], &layers[..], &["sh", "-c", script]].concat()).ok();
    assert!(out.starts_with("toptoplow"), "{out}");
    for line in ["C /data ", "C /data/low ", "D /data/top ", "A /data/new\n"] {
        assert!(out.contains(line), "{line:?} in {out}");
    }
    assert_eq!(fs::read(low.join("data/low")).unwrap(), b"low");
    assert_eq!(fs::read(top.join("data/top")).unwrap(), b"top");
    assert_eq!(fs::read(upper.join("data/low")).unwrap(), b"lowmore\n");
    let gone = fs::symlink_metadata(upper.join("data/top")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
}

#[test]
fn there_may_be_more_layers_than_fit_into_a_page() {
    if !needs(&[Need::Overlay]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut args = vec!["run".to_owned()];
    for number in 0..70 {
        let layer = folder
            .path()
            .join("long-name-".repeat(9))
            .join(number.to_string());
        fs::create_dir_all(&layer).unwrap();
        fs::write(layer.join(format!("file-{number}")), "").unwrap();
        args.extend(["--lower".to_owned(), text(&layer).to_owned()]);
    }
    assert!(args.iter().map(String::len).sum::<usize>() > 4096);
    let script = "ls / | grep -c file-; while read -r _ _ _ _ at _ rest; do
         [ $at = / ] && echo ${rest#*- }; done </proc/self/mountinfo; true";
    args.extend(["sh", "-c", script].map(str::to_owned));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = ch07(&args).ok();
    assert!(out.starts_with("70\noverlay "), "{out}");
}

#[test]
fn an_ordinary_user_may_do_it_too() {
    if !needs(&[Need::User, Need::UserNamespace, Need::Overlay]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(CH07);
    command.args(["--explain", "run", "rm", "/etc/motd"]);
    let out = run(command);
    assert!(out.stderr.contains("userxattr"), "{}", out.stderr);
    assert!(out.ok().contains("D /etc/motd "));
    let before = names(user.home());
    let mut command = user.command(CH07);
    command.args(["run", "true"]);
    let _ = run(command).ok();
    assert_eq!(names(user.home()), before, "something was left behind");
}

#[test]
fn where_overlayfs_is_refused_the_layers_are_copied() {
    if !needs(&[Need::Root, Need::Overlay, Need::Tool("unshare")]) {
        return;
    }
    // An overlay cannot be the upper folder of another one.
    let folder = tempfile::tempdir().expect("a folder");
    let script = "cd \"$1\" && mkdir low up work both &&
        mount -t overlay -o lowerdir=low,upperdir=up,workdir=work overlay both &&
        TMPDIR=$1/both exec \"$2\" --explain run sh -c 'cat /etc/motd; rm /etc/goodbye'";
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        text(folder.path()),
        CH07,
    ]);
    let out = run(command);
    let said = "the kernel refuses overlayfs here: the layers are copied instead";
    assert!(out.stderr.contains(said), "{}", out.stderr);
    let told = out.ok();
    assert!(told.starts_with("hello\n"), "{told}");
    assert!(told.contains("D /etc/goodbye"), "{told}");
    assert!(
        !told.contains("/usr/bin"),
        "a copy that was not touched is no change: {told}"
    );
}
