//! Each way in which overlayfs refuses a stack, provoked; the program must name that
//! way, whether it fails or copies the layers instead.

use std::process::Command;

use support::{Need, Output, needs, run};

const CH07: &str = env!("CARGO_BIN_EXE_ch07");

/// `script` in a mount namespace, in a tmpfs of its own. `$0` is the program.
fn inside(script: &str) -> Option<Output> {
    if !needs(&[Need::Root, Need::Overlay]) {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("mount -t tmpfs none \"$1\" && cd \"$1\" && {script}");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, CH07]);
    command.arg(folder.path());
    Some(run(command))
}

#[track_caller]
fn named(out: &Output, hint: &str) {
    let mut hints = out.stderr.lines().filter(|line| line.starts_with("hint: "));
    assert!(
        hints.any(|line| line.contains(hint)),
        "{hint:?} is not in {out}"
    );
}

#[test]
fn a_layer_that_is_missing_is_named() {
    for more in ["", "--lower /usr "] {
        let script = format!("\"$0\" run {more}--lower /nosuch true");
        let Some(out) = inside(&script) else { return };
        named(&out, "there is no layer /nosuch;");
        assert_eq!(out.code, 1, "{out}");
    }
}

#[test]
fn a_layer_inside_another_is_named() {
    let script = "mkdir -p a/b && \"$0\" run --lower $PWD/a --lower $PWD/a/b true";
    let Some(out) = inside(script) else { return };
    named(
        &out,
        "a folder is in the stack twice, or lies inside another",
    );
    out.refused(1, "ELOOP");
}

#[test]
fn too_many_layers_are_counted() {
    let script = "set -- $(seq 500) && mkdir $@ &&
        \"$0\" run $(printf -- \"--lower $PWD/%s \" $@) true";
    let Some(out) = inside(script) else { return };
    named(&out, "overlayfs takes 500 layers, and here are 501;");
    let _ = out.ok();
}

#[test]
fn a_layer_that_is_no_folder_is_named() {
    let Some(out) = inside("echo >x && \"$0\" run --lower $PWD/x true") else {
        return;
    };
    named(&out, "/x is not a folder");
    assert_eq!(out.code, 1, "{out}");
}

#[test]
fn an_upper_folder_on_an_overlay_is_named() {
    let script = "mkdir low up work both &&
        mount -t overlay -o lowerdir=low,upperdir=up,workdir=work overlay both &&
        TMPDIR=$PWD/both \"$0\" run true";
    let Some(out) = inside(script) else { return };
    named(&out, "/upper lies on an overlay (is this a container?)");
    assert!(
        out.stderr.contains("ch07: the layers are copied: "),
        "{out}"
    );
    let _ = out.ok();
}

#[test]
fn a_read_only_upper_folder_is_named() {
    let script = "mkdir x && mount -t tmpfs none x && mkdir x/up x/up.work &&
        mount -o remount,ro x && \"$0\" run --upper $PWD/x/up true";
    let Some(out) = inside(script) else { return };
    named(&out, "/x/up is on a read-only mount;");
    assert_eq!(out.code, 1, "{out}");
}

#[test]
fn two_mounts_are_named() {
    let script = "mkdir up && mount --bind up up && \"$0\" run --upper $PWD/up true";
    let Some(out) = inside(script) else { return };
    named(&out, "/up.work lie on different mounts");
    let _ = out.ok();
}

#[test]
fn a_third_overlay_is_named() {
    let script = "mkdir 0 1 2 up1 up2 work1 work2 &&
        mount -t overlay -o lowerdir=0,upperdir=up1,workdir=work1 overlay 1 &&
        mount -t overlay -o lowerdir=1,upperdir=up2,workdir=work2 overlay 2 &&
        \"$0\" run --lower $PWD/2 true";
    let Some(out) = inside(script) else { return };
    named(&out, "/2 lies on an overlay upon an overlay");
    let _ = out.ok();
}

/// A folder of changes that is used again is no reason for a hint.
#[test]
fn what_is_not_refused_has_no_hint() {
    let script = "\"$0\" run --upper $PWD/up true && \"$0\" run --upper $PWD/up true";
    let Some(out) = inside(script) else { return };
    assert!(!out.stderr.contains("hint"), "{out}");
    let _ = out.ok();
}
