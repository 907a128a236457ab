//! Judges the reading of mount options.

use nix::mount::MsFlags;

/// What the reader writes.
pub(crate) type Attempt = fn(&[&str]) -> (MsFlags, String);

/// Words, what must come of them, and why.
type Case = (&'static [&'static str], MsFlags, &'static str, &'static str);

const SAFE: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

const CASES: [Case; 8] = [
    (
        &["ro", "nosuid"],
        MsFlags::MS_RDONLY.union(MsFlags::MS_NOSUID),
        "",
        "each of these words is a flag",
    ),
    (
        &["nosuid", "nodev", "noexec", "size=64m", "mode=1777"],
        SAFE,
        "size=64m,mode=1777",
        "what is no flag is the file system's, in its order, with commas",
    ),
    (
        &["defaults"],
        MsFlags::empty(),
        "",
        "`defaults` means nothing, and no file system knows it",
    ),
    (
        &["bind"],
        MsFlags::MS_BIND,
        "",
        "`rbind` takes what is mounted below along, `bind` does not",
    ),
    (
        &["rbind", "ro"],
        MsFlags::MS_BIND
            .union(MsFlags::MS_REC)
            .union(MsFlags::MS_RDONLY),
        "",
        "`rbind` takes what is mounted below along, `bind` does not",
    ),
    (
        &["ro", "rw"],
        MsFlags::empty(),
        "",
        "of two words that contradict each other the later one wins",
    ),
    (
        &["suid", "dev", "exec", "nosuid", "nodev", "noexec"],
        SAFE,
        "",
        "of two words that contradict each other the later one wins",
    ),
    (
        &["noexec", "rovers", "exec", "ro=1"],
        MsFlags::empty(),
        "rovers,ro=1",
        "a word is a flag when it is that word, and not when it begins so",
    ),
];

pub(crate) fn check(read_options: Attempt) -> Result<(), String> {
    for (words, flags, data, why) in CASES {
        let came = read_options(words);
        if came != (flags, data.to_owned()) {
            return Err(format!(
                "{why}\n  options:  {}\n  expected: {flags:?} {data:?}\n  came:     {:?} {:?}",
                words.join(","),
                came.0,
                came.1
            ));
        }
    }
    Ok(())
}
