//! The verbs, a file each: ask the daemon, print its answer, give the status.

mod attach;
mod create;
mod daemon;
mod events;
mod exec;
mod images;
mod info;
mod inspect;
mod kill;
mod logs;
mod pause;
mod ps;
mod pull;
mod rename;
mod restart;
mod rm;
mod rmi;
mod run;
pub(crate) mod shim;
mod start;
mod stop;
mod tag;
mod top;
mod version;
mod wait;

use std::fmt;
use std::io::{IsTerminal, stdin};

use anyhow::{Result, bail, ensure};
use engine::client::signals::{Forced, Interrupted};
use engine::client::{self, Client, Failure, Host};

use crate::cli::system::{Daemon, DaemonVerb};
use crate::cli::{ContainerGroup, ContainerVerb, ImageGroup, SystemGroup, Verb};
use crate::output;

/// What a verb that needs no daemon, or starts none, gives; the others are handed back.
pub(crate) fn alone(verb: Verb, host: Option<&Host>) -> Result<Result<u8>, Box<Verb>> {
    match verb {
        Verb::Daemon(Daemon {
            verb: Some(DaemonVerb::Stop),
            ..
        }) => Ok(daemon::stop(host.cloned())),
        Verb::Daemon(daemon) => Ok(daemon::run(daemon, host)),
        Verb::Shim(shim) => Ok(shim::run(shim)),
        other => Err(Box::new(other)),
    }
}

/// Performs a verb with the help of a daemon.
pub(crate) async fn perform(client: &Client, verb: Verb) -> Result<u8> {
    match verb {
        Verb::Container(verb) => container(client, verb).await,
        Verb::ContainerGroup(group) => match group {
            ContainerGroup::Verb(verb) => container(client, verb).await,
            ContainerGroup::Ls(ps) => ps::run(client, &ps).await,
            ContainerGroup::Inspect(inspect) => {
                inspect::run(client, &inspect, Some("container")).await
            }
        },
        Verb::ImageGroup(group) => match group {
            ImageGroup::Ls(images) => images::run(client, &images).await,
            ImageGroup::Pull(pull) => pull::run(client, &pull).await,
            ImageGroup::Rm(remove) => rmi::run(client, &remove).await,
            ImageGroup::Tag(tag) => tag::run(client, &tag).await,
            ImageGroup::Inspect(inspect) => {
                inspect::run(client, &inspect, Some("image")).await
            }
        },
        Verb::SystemGroup(group) => match group {
            SystemGroup::Info(info) => info::run(client, &info).await,
            SystemGroup::Events(events) => events::run(client, &events).await,
        },
        Verb::Images(images) => images::run(client, &images).await,
        Verb::Pull(pull) => pull::run(client, &pull).await,
        Verb::Rmi(remove) => rmi::run(client, &remove).await,
        Verb::Tag(tag) => tag::run(client, &tag).await,
        Verb::Inspect(inspect) => inspect::run(client, &inspect, None).await,
        Verb::Version(version) => version::run(client, &version).await,
        Verb::Info(info) => info::run(client, &info).await,
        Verb::Events(events) => events::run(client, &events).await,
        Verb::Daemon(_) | Verb::Shim(_) => bail!("this verb needs no daemon"),
    }
}

async fn container(client: &Client, verb: ContainerVerb) -> Result<u8> {
    match verb {
        ContainerVerb::Run(run) => run::run(client, &run).await,
        ContainerVerb::Create(create) => create::run(client, &create).await,
        ContainerVerb::Start(start) => start::run(client, &start).await,
        ContainerVerb::Ps(ps) => ps::run(client, &ps).await,
        ContainerVerb::Logs(logs) => logs::run(client, &logs).await,
        ContainerVerb::Exec(exec) => exec::run(client, &exec).await,
        ContainerVerb::Stop(stop) => stop::run(client, &stop).await,
        ContainerVerb::Restart(stop) => restart::run(client, &stop).await,
        ContainerVerb::Kill(kill) => kill::run(client, &kill).await,
        ContainerVerb::Wait(wait) => wait::run(client, &wait).await,
        ContainerVerb::Rm(remove) => rm::run(client, &remove).await,
        ContainerVerb::Attach(attach) => attach::run(client, &attach).await,
        ContainerVerb::Top(top) => top::run(client, &top).await,
        ContainerVerb::Pause(names) => pause::run(client, &names).await,
        ContainerVerb::Unpause(names) => pause::undo(client, &names).await,
        ContainerVerb::Rename(rename) => rename::run(client, &rename).await,
    }
}

/// Which statuses a verb's errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statuses {
    /// 127 when the program is not there, 126 when it cannot be run, else 125.
    Run,
    /// The same, else 1.
    Exec,
    /// 1.
    Plain,
}

impl Statuses {
    /// Those of `verb`.
    pub(crate) fn of(verb: &Verb) -> Self {
        let (Verb::Container(verb) | Verb::ContainerGroup(ContainerGroup::Verb(verb))) =
            verb
        else {
            return Self::Plain;
        };
        match verb {
            ContainerVerb::Run(_) => Self::Run,
            ContainerVerb::Exec(_) => Self::Exec,
            _ => Self::Plain,
        }
    }

    /// The status to leave with after `error`; like docker's client, by its words.
    pub(crate) fn status(self, error: &anyhow::Error) -> u8 {
        if let Some(Interrupted(signal)) = error.downcast_ref() {
            return u8::try_from(128 + signal).unwrap_or(255);
        }
        if self == Self::Plain || error.is::<Forced>() || error.is::<NoTerminal>() {
            return 1;
        }
        // A file of ours that is missing is not the container's program.
        let failure = error.downcast_ref::<Failure>();
        let message = failure.map_or("", |failure| &failure.message);
        let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
        if says(&["executable file not found", "no such file or directory"]) {
            127
        } else if says(&["permission denied", "is a directory"]) {
            126
        } else if self == Self::Run {
            125
        } else {
            1
        }
    }
}

/// Several errors of one verb, each to be told.
#[derive(Debug)]
pub(crate) struct Several(pub(crate) Vec<anyhow::Error>);

impl fmt::Display for Several {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = self.0.iter().map(|error| format!("{error:#}")).collect();
        to.write_str(&told.join("; "))
    }
}

impl std::error::Error for Several {}

/// A terminal for a container was asked for, and ours is none.
#[derive(Debug)]
struct NoTerminal;

impl fmt::Display for NoTerminal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the input device is not a TTY")
    }
}

impl std::error::Error for NoTerminal {}

/// Refuses to give a container our input as a terminal when it is none.
fn check_terminal(stdin_attached: bool, terminal: bool) -> Result<()> {
    ensure!(
        !stdin_attached || !terminal || stdin().is_terminal(),
        NoTerminal
    );
    Ok(())
}

/// How many requests are under way at once, as with docker's client.
const AT_ONCE: usize = 50;

/// Does the same with each of `names`, many at once, and prints in their order the name
/// of each that it was done with.
async fn each<'n>(
    names: &'n [String],
    act: impl AsyncFn(&'n str) -> Result<()>,
) -> Result<u8> {
    let mut errors = Vec::new();
    for some in names.chunks(AT_ONCE) {
        let done = client::all(some.iter().map(|name| act(name))).await;
        for (name, done) in some.iter().zip(done) {
            match done {
                Ok(()) => output::line(name)?,
                Err(error) => errors.push(error),
            }
        }
    }
    done(errors)
}

/// Success, when nothing went wrong.
fn done(errors: Vec<anyhow::Error>) -> Result<u8> {
    ensure!(errors.is_empty(), Several(errors));
    Ok(0)
}

/// A container's exit status as ours.
fn exit_status(code: i64) -> u8 {
    // exit(3) takes the low eight bits; Go's os.Exit does the same to docker's.
    (code & 0xff) as u8
}

/// Now, in seconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(message: &str) -> u8 {
        let failure = Failure {
            status: 500,
            message: message.to_owned(),
        };
        Statuses::Run.status(&failure.into())
    }

    #[test]
    fn the_daemons_words_make_the_status() {
        for (message, expected) in [
            ("exec: \"x\": executable file not found in $PATH", 127),
            ("exec: \"/x\": stat /x: no such file or directory", 127),
            ("exec: \"/etc\": permission denied", 126),
            ("exec: \"/etc\": is a directory", 126),
            ("Conflict. The container name is in use", 125),
        ] {
            assert_eq!(status(message), expected, "{message}");
        }
        let ours = anyhow::anyhow!("open x: no such file or directory");
        assert_eq!(Statuses::Run.status(&ours), 125);
        assert_eq!(Statuses::Plain.status(&ours), 1);
        assert_eq!(Statuses::Plain.status(&Interrupted(15).into()), 143);
        assert_eq!(Statuses::Exec.status(&ours), 1);
        assert_eq!(Statuses::Run.status(&NoTerminal.into()), 1);
        assert_eq!(exit_status(256 + 7), 7);
    }
}
