//! What a root file system needs besides programs: folders, accounts, terminals.

use super::Kind;

/// The folders that are always there, with their permissions.
pub(super) const FOLDERS: &[(&str, u32)] = &[
    ("dev", 0o755),
    ("etc", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("var", 0o755),
    ("var/tmp", 0o1777),
];

/// The accounts, and where the C library looks for names.
const TEXTS: &[(&str, &str)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\n\
         daemon:x:1:1:daemon:/:/bin/false\n\
         nobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\ntty:x:5:\ndisk:x:6:\nnogroup:x:65534:\n",
    ),
    (
        "etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files dns\n",
    ),
    (
        "etc/os-release",
        "ID=toolbox\nNAME=toolbox\nPRETTY_NAME=\"the host's own programs\"\n",
    ),
];

/// The files that are always there.
pub(super) fn texts() -> impl Iterator<Item = (&'static str, Kind)> {
    TEXTS.iter().map(|(path, text)| {
        let text = (*text).to_owned();
        (*path, Kind::Text { text, mode: 0o644 })
    })
}

/// Where distributions keep descriptions of terminals (terminfo(5)).
pub(super) const TERMINFO: &[&str] =
    &["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"];

/// The terminals that people sit at.
pub(super) const TERMINALS: &[&str] = &[
    "ansi",
    "dumb",
    "linux",
    "rxvt-unicode-256color",
    "screen",
    "screen-256color",
    "tmux",
    "tmux-256color",
    "vt100",
    "vt220",
    "xterm",
    "xterm-256color",
    "xterm-kitty",
];

/// Libraries that the C library opens by itself, under no program's `DT_NEEDED`.
pub(super) const OPENED_LATER: &[&str] = &["libnss_files.so.2", "libnss_dns.so.2"];
