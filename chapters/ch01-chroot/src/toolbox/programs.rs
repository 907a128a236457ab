//! Which programs are wanted, and where they are looked for.

use std::path::PathBuf;

/// What belongs into a toolbox: what one types to look around in a container, and what
/// the book's chapters use. A host that lacks one has a toolbox without it.
#[rustfmt::skip]
pub(super) const WANTED: &[&str] = &[
    // shells, and what a script leans on
    "sh", "bash", "busybox", "env", "test", "[", "true", "false", "echo", "printf", "expr",
    "sleep", "timeout", "time", "yes", "seq", "xargs", "tee", "which", "nohup", "getopt",
    "mktemp", "date", "logger", "script", "setsid", "flock",
    // files
    "ls", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "ln", "touch", "chmod", "chown",
    "chgrp", "stat", "readlink", "realpath", "basename", "dirname", "pwd", "find", "du",
    "df", "dd", "truncate", "sync", "mknod", "mkfifo", "install", "tar", "gzip", "gunzip",
    "zcat", "cmp", "diff", "getfattr", "setfattr", "chattr", "lsattr", "fallocate",
    // text
    "grep", "egrep", "fgrep", "sed", "awk", "head", "tail", "cut", "sort", "uniq", "wc",
    "tr", "od", "hexdump", "xxd", "base64", "md5sum", "sha256sum", "sha1sum", "less",
    "more", "nl", "paste", "comm", "join", "fold", "rev", "tac", "split",
    // who and where one is
    "id", "whoami", "groups", "uname", "hostname", "nproc", "arch", "tty", "stty", "tput",
    "clear", "reset", "getent", "locale", "uptime", "free", "lscpu", "lsmem", "printenv",
    "logname", "hostid", "su", "login",
    // processes
    "ps", "top", "kill", "pgrep", "pkill", "pidof", "pstree", "nice", "renice", "chrt",
    "ionice", "taskset", "prlimit", "watch", "sysctl", "dmesg", "vmstat",
    // namespaces, mounts, privileges: the book's own subjects
    "mount", "umount", "findmnt", "mountpoint", "pivot_root", "chroot", "switch_root",
    "unshare", "nsenter", "lsns", "setpriv", "capsh", "getcap", "setcap", "getpcaps",
    "newuidmap", "lsblk", "losetup",
    // the network
    "ip", "ss", "ping", "nc", "bridge", "ifconfig", "route", "traceroute",
];

/// What is wanted only where busybox has it, for it costs megabytes elsewhere.
pub(super) const APPLETS: &[&str] = &[
    "ash", "httpd", "nslookup", "strings", "telnet", "udhcpc", "vi", "wget",
];

/// The search path of a container, and the first folders of ours.
const STANDARD: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// The standard folders, and those of `PATH` after them (some distributions have
/// their programs elsewhere).
pub(super) fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = STANDARD.map(PathBuf::from).to_vec();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for folder in std::env::split_paths(&path) {
        if folder.is_absolute() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// Whether a container finds programs in this folder.
pub(super) fn is_standard(folder: &std::path::Path) -> bool {
    STANDARD
        .iter()
        .any(|standard| folder.as_os_str() == *standard)
}
