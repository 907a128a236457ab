//! The diagnosis machine: one errno has many causes; a probe tells them apart.
//!
//! A [`Diagnosis`] lists, as data, what an errno of a call can mean here. After a
//! failure [`explain`] probes again, in order, and puts the one hint that fits onto
//! the error; the program prints it as a line of its own.

use std::fmt;
use std::fs;

use nix::errno::Errno;

/// What the failures of one call can mean.
#[derive(Debug)]
pub struct Diagnosis {
    /// The call, by the kernel's name.
    pub call: &'static str,
    /// The causes, the likeliest first; the first whose probe answers yes is named.
    pub causes: &'static [Cause],
}

/// One cause, how to find it, and what to type.
#[derive(Debug)]
pub struct Cause {
    /// The answer of the kernel that this cause gives.
    pub errno: Errno,
    /// Looks again whether this is the cause.
    pub probe: fn() -> bool,
    /// The setting, and the command that changes it.
    pub hint: &'static str,
}

/// A hint, carried by an error beside its contexts.
#[derive(Debug)]
pub struct Hint(pub String);

impl fmt::Display for Hint {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Hint {}

/// `what` failed with `errno`: an error that carries the hint of the true cause.
pub fn explain(what: &str, diagnosis: &Diagnosis, errno: Errno) -> anyhow::Error {
    let error = anyhow::Error::from(errno).context(what.to_owned());
    let cause = diagnosis
        .causes
        .iter()
        .find(|cause| cause.errno == errno && (cause.probe)());
    match cause {
        Some(cause) => with_hint(error, cause.hint),
        None => error,
    }
}

/// Puts a hint onto an error.
pub fn with_hint(error: anyhow::Error, hint: impl Into<String>) -> anyhow::Error {
    let told = format!("{error:#}");
    anyhow::Error::new(Hinted {
        hint: Hint(hint.into()),
        told,
    })
}

/// The hint that an error carries, if any.
#[must_use]
pub fn hint(error: &anyhow::Error) -> Option<&str> {
    error
        .chain()
        .find_map(|link| link.downcast_ref::<Hinted>())
        .map(|h| h.hint.0.as_str())
}

#[derive(Debug)]
struct Hinted {
    hint: Hint,
    told: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.told)
    }
}

impl std::error::Error for Hinted {}

/// Why `unshare(CLONE_NEWUSER)`, or the mapping of ids after it, may be refused.
pub static USER_NAMESPACE: Diagnosis = Diagnosis {
    call: "unshare",
    causes: &[
        Cause {
            errno: Errno::EPERM,
            probe: || sysctl("kernel/unprivileged_userns_clone").as_deref() == Some("0"),
            hint: "kernel.unprivileged_userns_clone is 0; \
                   sudo sysctl kernel.unprivileged_userns_clone=1",
        },
        Cause {
            errno: Errno::ENOSPC,
            probe: || sysctl("user/max_user_namespaces").as_deref() == Some("0"),
            hint: "user.max_user_namespaces is 0; \
                   sudo sysctl user.max_user_namespaces=10000",
        },
        Cause {
            errno: Errno::EPERM,
            probe: apparmor_restricts,
            hint: "AppArmor restricts user namespaces; \
                   sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        },
        Cause {
            errno: Errno::EACCES,
            probe: apparmor_restricts,
            hint: "AppArmor restricts user namespaces; \
                   sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        },
        Cause {
            errno: Errno::EPERM,
            probe: in_a_chroot,
            hint: "this process is in a chroot, where the kernel refuses user \
                   namespaces; run it outside",
        },
        Cause {
            errno: Errno::EPERM,
            probe: filtered,
            hint: "a seccomp filter forbids user namespaces; if this is a container, \
                   start it with --security-opt seccomp=unconfined",
        },
        Cause {
            errno: Errno::ENOSPC,
            probe: || true,
            hint: "the limit of nested or open user namespaces is reached; \
                   sudo sysctl user.max_user_namespaces=10000",
        },
    ],
};

fn sysctl(name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/sys/{name}"))
        .ok()
        .map(|text| text.trim().to_owned())
}

fn apparmor_restricts() -> bool {
    sysctl("kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1")
}

/// In a chroot, `/` is not the root of any mount of this namespace.
fn in_a_chroot() -> bool {
    fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| {
        !mounts
            .lines()
            .any(|line| line.split(' ').nth(4) == Some("/"))
    })
}

fn filtered() -> bool {
    fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line == "Seccomp:\t2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static EXAMPLE: Diagnosis = Diagnosis {
        call: "open",
        causes: &[
            Cause {
                errno: Errno::EPERM,
                probe: || false,
                hint: "not this",
            },
            Cause {
                errno: Errno::EPERM,
                probe: || true,
                hint: "type this",
            },
        ],
    };

    #[test]
    fn the_cause_whose_probe_answers_is_named() {
        let error =
            explain("open the hatch", &EXAMPLE, Errno::EPERM).context("start web");
        assert_eq!(hint(&error), Some("type this"));
        assert!(format!("{error:#}").starts_with("start web: open the hatch: EPERM"));
    }

    #[test]
    fn an_errno_that_is_not_listed_gets_no_hint() {
        let error = explain("open the hatch", &EXAMPLE, Errno::EINVAL);
        assert_eq!(hint(&error), None);
        assert_eq!(error.downcast_ref::<Errno>(), Some(&Errno::EINVAL));
    }
}
