//! What the machine lacks when a desk cannot be written or an attempt not built, and what
//! to type: none of it is the reader's mistake in the attempt.

use std::io;
use std::path::Path;

const READ_ONLY: &str = "you may not write here: copy the checkout to where you may \
                         (cp -r . ~/skiff), and work there";
const FULL: &str = "the disk is full: `df -h .` says how full, `cargo clean` frees what \
                    was built";
const NOT_FETCHED: &str = "a crate is not in cargo's cache, and nothing is downloaded \
                           here: type `cargo fetch` once, with a network";

/// The error of a file that could not be written.
pub(super) fn on_writing(path: &Path) -> impl FnOnce(io::Error) -> anyhow::Error {
    let path = path.display().to_string();
    move |error| {
        let lack = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                READ_ONLY
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FULL,
            _ => return anyhow::Error::from(error).context(format!("write {path}")),
        };
        anyhow::Error::from(error).context(format!("write {path}: {lack}"))
    }
}

/// What the machine lacks, if that is what cargo's words are about.
pub(super) fn of_the_machine(words: &str) -> Option<&'static str> {
    let says = |text: &str| words.contains(text);
    if says("(os error 28)") || says("No space left on device") {
        return Some(FULL);
    }
    if says("(os error 30)") || says("(os error 13)") {
        return Some(READ_ONLY);
    }
    let offline = says("--offline") || says("offline mode");
    offline.then_some(NOT_FETCHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_says_what_to_type() {
        let told = |errno| {
            let error = io::Error::from_raw_os_error(errno);
            format!("{:#}", on_writing(Path::new("/x"))(error))
        };
        assert!(told(30).contains("cp -r . ~/skiff"), "{}", told(30));
        assert!(told(13).contains("cp -r . ~/skiff"));
        assert!(told(28).contains("df -h ."));
        assert!(told(2).starts_with("write /x: No such file"), "{}", told(2));
    }

    #[test]
    fn what_the_machine_lacks_is_not_taken_for_the_readers_mistake() {
        let full = "error: failed to write x\nNo space left on device (os error 28)";
        assert_eq!(of_the_machine(full), Some(FULL));
        let offline = "error: no matching package named `nix` found\nAs a reminder, \
                       you're using offline mode (--offline)";
        assert_eq!(of_the_machine(offline), Some(NOT_FETCHED));
        assert_eq!(
            of_the_machine("error: failed to open: (os error 30)"),
            Some(READ_ONLY)
        );
        assert_eq!(of_the_machine("error[E0425]: cannot find value `x`"), None);
    }
}
