//! Roots, and callers, that lead a mount or a write to where it must not go.

use super::*;

/// CVE-2019-16884, CVE-2021-30465 and their kin: an image whose folders are links.
#[test]
fn links_in_the_image_do_not_lead_out() {
    if !can_run() {
        return;
    }
    let canary = tempfile::tempdir().unwrap();
    let folder = root();
    let out = folder.path();
    let _ = fs::remove_dir_all(out.join("dev"));
    symlink(canary.path(), out.join("dev")).unwrap();
    fs::create_dir_all(out.join(canary.path().strip_prefix("/").unwrap())).unwrap();
    symlink("../../../../../..", out.join("up")).unwrap();
    let away = format!("/up{}/deep", canary.path().display());
    let done = in_root(
        &folder,
        &["--tmpfs", &away, "--tmpfs", "/dev/more"],
        "ls -d /dev/null",
    );
    assert_eq!(fs::read_dir(canary.path()).unwrap().count(), 0, "{done}");
    assert_eq!(done.ok(), "/dev/null\n");
}

#[test]
fn a_link_that_points_at_nothing_is_followed_inside() {
    if !can_run() {
        return;
    }
    let folder = root();
    symlink("/not/there", folder.path().join("dangling")).unwrap();
    let line = "mount | grep -c 'tmpfs on /not/there/x '";
    let seen = in_root(&folder, &["--tmpfs", "/dangling/x"], line);
    assert_eq!(seen.ok(), "1\n");
    assert!(folder.path().join("not/there/x").is_dir());
    symlink("/round", folder.path().join("round")).unwrap();
    in_root(&folder, &["--tmpfs", "/round/x"], "true").refused(
        1,
        "find /round/x in the root: Too many levels of symbolic links",
    );
}

#[test]
fn procfs_is_mounted_on_an_ordinary_folder_only() {
    if !can_run() {
        return;
    }
    let folder = root();
    let _ = fs::remove_dir(folder.path().join("proc"));
    fs::create_dir_all(folder.path().join("tmp/proc")).unwrap();
    symlink("/tmp/proc", folder.path().join("proc")).unwrap();
    in_root(&folder, &[], "true").refused(
        1,
        "mount proc on /proc: the target must be an ordinary directory",
    );
}

/// I08 of the catalogue: a volume whose target an image's link leads into procfs.
#[test]
fn nothing_is_mounted_inside_procfs() {
    if !can_run() {
        return;
    }
    let folder = root();
    symlink("/proc", folder.path().join("data")).unwrap();
    in_root(&folder, &["--tmpfs", "/data/sys/kernel"], "true")
        .refused(1, "/data/sys/kernel lies inside procfs");
    let host = tempfile::NamedTempFile::new().unwrap();
    fs::write(host.path(), "one processor\n").unwrap();
    let volume = format!("{}:/proc/cpuinfo", host.path().display());
    let out = in_root(&folder, &["-v", &volume], "cat /proc/cpuinfo");
    assert_eq!(
        out.ok(),
        "one processor\n",
        "but what tells of the machine may be replaced"
    );
}

#[test]
fn kernel_parameters_are_written_to_procfs_only() {
    if !can_run() {
        return;
    }
    let script = "cat /proc/sys/kernel/domainname";
    let set = "kernel.domainname=three";
    let out = ch03(&["run", "--sysctl", set, "sh", "-c", script]);
    if Uid::effective().is_root() {
        assert_eq!(out.ok(), "three\n");
    } else {
        // The file is of the machine's root, whoever owns the namespace that it shows.
        out.refused(
            1,
            "write \"three\" to /proc/sys/kernel/domainname: Permission denied",
        );
    }
    ch03(&["run", "--sysctl", "kernel/../../../etc/x=1", "true"])
        .refused(1, "write \"1\" to /proc/sys/kernel/");
    // Another file on the way: a bind of /proc/cpuinfo's kind is no procfs any more.
    let file = tempfile::NamedTempFile::new().unwrap();
    let volume = format!("{}:/proc/sys/kernel/ns_last_pid", file.path().display());
    ch03(&[
        "run",
        "-v",
        &volume,
        "--sysctl",
        "kernel.ns_last_pid=7",
        "true",
    ])
    .refused(1, "/proc/sys/kernel/ns_last_pid");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "");
}
