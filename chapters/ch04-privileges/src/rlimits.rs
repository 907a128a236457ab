//! Resource limits by the names of the OCI specification (getrlimit(2)).

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use workbench::steps::step;

use crate::CHAPTER;

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rlimit {
    /// `RLIMIT_NOFILE` and its like.
    pub name: String,
    /// What holds now; the process may change it up to the hard limit.
    pub soft: u64,
    /// What the process can only lower; `u64::MAX` is no limit.
    pub hard: u64,
}

/// Sets limits of this process, which its children inherit.
///
/// # Errors
/// For a name that is not in getrlimit(2), one that is given twice, a soft limit above
/// the hard one, and a hard limit above the present one without `CAP_SYS_RESOURCE`.
pub fn set_rlimits(limits: &[Rlimit]) -> Result<()> {
    for (place, limit) in limits.iter().enumerate() {
        let twice = limits
            .iter()
            .take(place)
            .any(|other| other.name == limit.name);
        ensure!(!twice, "{} is given twice", limit.name);
        set(limit)?;
    }
    Ok(())
}

fn set(limit: &Rlimit) -> Result<()> {
    let Rlimit { name, soft, hard } = limit;
    let Some(resource) = resource(name) else {
        bail!("{name:?} is not the name of a resource limit");
    };
    ensure!(
        soft <= hard,
        "{name}: the soft limit {soft} is above the hard limit {hard}"
    );
    let answer = step(
        CHAPTER,
        format_args!("setrlimit({name}, soft={soft}, hard={hard})"),
        "what one process may use up, set while root can still raise it",
        || setrlimit(resource, *soft, *hard),
    );
    match answer {
        Err(Errno::EPERM) => {
            let (_, now) = getrlimit(resource).with_context(|| format!("read {name}"))?;
            Err(Errno::EPERM)
                .with_context(|| format!("raise {name} from {now} to {hard}"))
        }
        answer => answer.with_context(|| format!("set {name} to {soft}:{hard}")),
    }
}

fn resource(name: &str) -> Option<Resource> {
    use Resource as R;
    Some(match name {
        "RLIMIT_AS" => R::RLIMIT_AS,
        "RLIMIT_CORE" => R::RLIMIT_CORE,
        "RLIMIT_CPU" => R::RLIMIT_CPU,
        "RLIMIT_DATA" => R::RLIMIT_DATA,
        "RLIMIT_FSIZE" => R::RLIMIT_FSIZE,
        "RLIMIT_LOCKS" => R::RLIMIT_LOCKS,
        "RLIMIT_MEMLOCK" => R::RLIMIT_MEMLOCK,
        "RLIMIT_MSGQUEUE" => R::RLIMIT_MSGQUEUE,
        "RLIMIT_NICE" => R::RLIMIT_NICE,
        "RLIMIT_NOFILE" => R::RLIMIT_NOFILE,
        "RLIMIT_NPROC" => R::RLIMIT_NPROC,
        "RLIMIT_RSS" => R::RLIMIT_RSS,
        "RLIMIT_RTPRIO" => R::RLIMIT_RTPRIO,
        "RLIMIT_RTTIME" => R::RLIMIT_RTTIME,
        "RLIMIT_SIGPENDING" => R::RLIMIT_SIGPENDING,
        "RLIMIT_STACK" => R::RLIMIT_STACK,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, soft: u64, hard: u64) -> Rlimit {
        Rlimit {
            name: name.to_owned(),
            soft,
            hard,
        }
    }

    #[test]
    fn a_limit_that_makes_no_sense_is_refused_by_its_name() {
        let soft_above = set_rlimits(&[limit("RLIMIT_NOFILE", 2, 1)]).unwrap_err();
        assert!(
            soft_above.to_string().contains("RLIMIT_NOFILE"),
            "{soft_above}"
        );
        let unknown = set_rlimits(&[limit("RLIMIT_WISHES", 1, 1)]).unwrap_err();
        assert!(unknown.to_string().contains("RLIMIT_WISHES"), "{unknown}");
    }
}
