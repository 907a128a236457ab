//! A ceiling over what a trial may fork, beside the count that is kept of it: a program
//! that doubles itself is faster than whoever counts (getrlimit(2), `RLIMIT_NPROC`).

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::getuid;

/// How many threads a trial may add to those of its user.
const ROOM: u64 = 1024;

/// Starts something with a lower ceiling, which it inherits; ours is as before.
///
/// The kernel counts all threads of a user, and holds nobody to it who is root. It may
/// count more than we see (the same user in another pid namespace): if nothing can be
/// started below the ceiling, then it is started without.
pub(super) fn under_a_ceiling<T>(
    mut start: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NPROC) else {
        return start();
    };
    let low = soft.min(threads_of_this_user() + ROOM);
    if setrlimit(Resource::RLIMIT_NPROC, low, hard).is_err() {
        return start();
    }
    let started = start();
    let _ = setrlimit(Resource::RLIMIT_NPROC, soft, hard);
    match started {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => start(),
        other => other,
    }
}

fn threads_of_this_user() -> u64 {
    let user = getuid().as_raw();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = processes.filter(|entry| {
        let of_a_process = entry.file_name().to_string_lossy().parse::<u32>().is_ok();
        of_a_process && entry.metadata().is_ok_and(|file| file.uid() == user)
    });
    let threads = ours.map(|entry| {
        let tasks = fs::read_dir(entry.path().join("task"));
        tasks.map_or(0, |tasks| tasks.count() as u64)
    });
    threads.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_over_what_was_started_and_not_over_us() {
        let before = getrlimit(Resource::RLIMIT_NPROC).unwrap();
        let inside = under_a_ceiling(|| {
            getrlimit(Resource::RLIMIT_NPROC).map_err(io::Error::from)
        });
        assert!(inside.unwrap().0 <= before.0);
        assert_eq!(getrlimit(Resource::RLIMIT_NPROC).unwrap(), before);
        assert!(threads_of_this_user() >= 2, "the test's own threads");
    }
}
