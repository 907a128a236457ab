//! The diagnosis machine: one errno has many causes; a probe tells them apart.
//!
//! A [`Diagnosis`] lists, as data, what the failures of one call can mean. It stands in
//! the chapter that makes the call. After a failure [`explain`] probes again, in the
//! list's order, and puts the one hint that fits onto the error; the program prints it
//! as a line of its own. The book prints the lists ([`markdown`]).

mod page;

use std::io;
use std::path::Path;

use nix::errno::Errno;

pub use page::{Listed, Row, markdown};

/// What the failures of one call can mean. `T` is what the call was about.
// ANCHOR: Diagnosis
#[derive(Debug)]
pub struct Diagnosis<T: ?Sized + 'static> {
    /// The chapter that makes the call.
    pub chapter: u8,
    /// The call, by the kernel's name.
    pub call: &'static str,
    /// What it was to do.
    pub purpose: &'static str,
    /// The causes; of those with the errno at hand, the first whose probe answers yes
    /// is named.
    pub causes: &'static [Cause<T>],
}

/// One cause, how to find it, and what to do. Words in capitals are filled in by
/// [`Scene::words`].
#[derive(Debug)]
pub struct Cause<T: ?Sized> {
    /// The kernel's answer.
    pub errno: Errno,
    /// What it means this time, for the book.
    pub meaning: &'static str,
    /// Looks again whether this is the cause.
    pub probe: fn(&T) -> bool,
    /// How a reader looks again: a command.
    pub look: &'static str,
    /// The cause, and what to do or type.
    pub hint: &'static str,
    /// How we know.
    pub proof: Proof,
}
// ANCHOR_END: Diagnosis

/// How we know that a cause gives this errno, and that its probe finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The test of this name provokes it.
    Test(&'static str),
    /// No test can: what a machine would need, that ours has not.
    NotProvoked(&'static str),
}

/// What a failed call was about: what probes look at, and hints name.
pub trait Scene {
    /// What stands for the words in capitals, such as `FILE`.
    fn words(&self) -> Vec<(&'static str, String)>;
}

/// A call that was about nothing but the process itself.
impl Scene for () {
    fn words(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A call that was about a file.
impl Scene for Path {
    fn words(&self) -> Vec<(&'static str, String)> {
        vec![("FILE", self.display().to_string())]
    }
}

impl<T: Scene + ?Sized> Diagnosis<T> {
    /// Looks again at `scene`: the hint of the first cause that fits.
    // ANCHOR: hint
    #[must_use]
    pub fn hint(&self, scene: &T, errno: Errno) -> Option<String> {
        let mut causes = self.causes.iter();
        let cause = causes.find(|cause| cause.errno == errno && (cause.probe)(scene))?;
        let fill = |hint: String, (word, name): (&str, String)| hint.replace(word, &name);
        Some(scene.words().into_iter().fold(cause.hint.to_owned(), fill))
    }
    // ANCHOR_END: hint
}

/// `what` failed with `errno`: an error that carries the hint of the true cause.
pub fn explain<T: Scene + ?Sized>(
    what: impl Into<String>,
    diagnosis: &Diagnosis<T>,
    scene: &T,
    errno: Errno,
) -> anyhow::Error {
    let error = anyhow::Error::from(errno).context(what.into());
    diagnosed(error, diagnosis, scene)
}

/// As [`explain`] for an error that is there already, and stays as it is if it carries
/// a hint, or none fits.
pub fn diagnosed<T: Scene + ?Sized>(
    error: anyhow::Error,
    diagnosis: &Diagnosis<T>,
    scene: &T,
) -> anyhow::Error {
    let found = match hint(&error) {
        Some(_) => None,
        None => errno(&error).and_then(|errno| diagnosis.hint(scene, errno)),
    };
    match found {
        Some(hint) => with_hint(error, hint),
        None => error,
    }
}

/// The kernel's answer at the bottom of an error, if there is one.
#[must_use]
pub fn errno(error: &anyhow::Error) -> Option<Errno> {
    error.chain().find_map(|link| {
        let code = |error: &io::Error| error.raw_os_error().map(Errno::from_raw);
        let plain = link.downcast_ref::<Errno>().copied();
        plain.or_else(|| link.downcast_ref::<io::Error>().and_then(code))
    })
}

/// Puts a hint onto an error, which reads as before.
pub fn with_hint(error: anyhow::Error, hint: impl Into<String>) -> anyhow::Error {
    let hint = hint.into();
    anyhow::Error::new(Hinted { hint, error })
}

/// The hint that an error carries, if any.
#[must_use]
pub fn hint(error: &anyhow::Error) -> Option<&str> {
    let mut links = error.chain();
    links.find_map(|link| Some(link.downcast_ref::<Hinted>()?.hint.as_str()))
}

/// Stands in the chain of causes where the error stood that it hides.
#[derive(Debug)]
struct Hinted {
    hint: String,
    error: anyhow::Error,
}

impl std::fmt::Display for Hinted {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.error, to)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.chain().nth(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(probe: fn(&Path) -> bool, hint: &'static str) -> Cause<Path> {
        Cause {
            errno: Errno::EPERM,
            meaning: "it means this",
            probe,
            look: "ls FILE",
            hint,
            proof: Proof::NotProvoked("a hatch"),
        }
    }

    fn example() -> Diagnosis<Path> {
        let causes = [
            cause(|hatch| hatch.is_absolute(), "not this"),
            cause(|_| true, "chmod u+w FILE"),
        ];
        Diagnosis {
            chapter: 0,
            call: "open",
            purpose: "open the hatch",
            causes: Box::leak(Box::new(causes)),
        }
    }

    #[test]
    fn the_cause_whose_probe_answers_is_named() {
        let hatch = Path::new("hatch");
        let error = explain("open the hatch", &example(), hatch, Errno::EPERM);
        let error = error.context("start web");
        assert_eq!(hint(&error), Some("chmod u+w hatch"));
        assert_eq!(errno(&error), Some(Errno::EPERM));
        let told = format!("{error:#}");
        assert_eq!(
            told,
            "start web: open the hatch: EPERM: Operation not permitted"
        );
    }

    #[test]
    fn an_errno_that_is_not_listed_gets_no_hint() {
        let hatch = Path::new("hatch");
        let error = explain("open the hatch", &example(), hatch, Errno::EINVAL);
        assert_eq!(hint(&error), None);
        assert_eq!(error.downcast_ref::<Errno>(), Some(&Errno::EINVAL));
    }

    #[test]
    fn the_first_hint_stays() {
        let error = with_hint(Errno::EPERM.into(), "type this");
        let error = diagnosed(error.context("above"), &example(), Path::new("hatch"));
        assert_eq!(hint(&error), Some("type this"));
    }

    #[test]
    fn an_io_error_has_an_errno_too() {
        let missing = std::fs::File::open("/nowhere").unwrap_err();
        let error = anyhow::Error::from(missing).context("open it");
        assert_eq!(errno(&error), Some(Errno::ENOENT));
        assert_eq!(errno(&anyhow::anyhow!("no call was made")), None);
    }
}
