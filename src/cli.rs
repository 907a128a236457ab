//! What was typed: docker's verbs and flags, as data.
//!
//! [`parse`] gives a [`Cli`], or says in docker's words what is wrong. What the words
//! of a flag mean is beside it ([`values`], [`mounts`]); what a `run` asks of the
//! daemon is made by [`request`].

pub(crate) mod container;
pub(crate) mod create;
pub(crate) mod image;
pub(crate) mod mounts;
pub(crate) mod reference;
pub(crate) mod request;
pub(crate) mod system;
mod usage;
pub(crate) mod values;

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use workbench::bench::Explain;

use container::{
    Attach, Exec, Kill, Logs, Names, Ps, Remove, Rename, Start, Stop, Top, Wait,
};
use create::{Create, Run};
use image::{Images, Pull, RemoveImage, Tag};
use system::{Daemon, Events, Info, Inspect, Shim, Version};

pub(crate) use usage::Refused;

/// A container engine that you can read
#[derive(Debug, Parser)]
#[command(name = "skiff", version, subcommand_required = true)]
pub(crate) struct Cli {
    /// Daemon to speak to: unix:///PATH or tcp://HOST:PORT (also SKIFF_HOST)
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    /// Show each step that made it happen (tree, json or svg:FILE)
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "tree"
    )]
    pub(crate) explain: Option<Explain>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// A verb, or a group of verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    #[command(flatten)]
    Container(ContainerVerb),
    /// List images
    Images(Images),
    /// Download an image from a registry
    Pull(Pull),
    /// Remove one or more images
    Rmi(RemoveImage),
    /// Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
    Tag(Tag),
    /// Return low-level information on containers and images
    Inspect(Inspect),
    /// Show the version of client and daemon
    Version(Version),
    /// Display system-wide information
    Info(Info),
    /// Get real time events from the daemon
    Events(Events),
    /// Run the daemon in the foreground, or stop the one that started by itself
    Daemon(Daemon),
    /// Manage containers
    #[command(name = "container", subcommand)]
    ContainerGroup(ContainerGroup),
    /// Manage images
    #[command(name = "image", subcommand)]
    ImageGroup(ImageGroup),
    /// Manage the engine
    #[command(name = "system", subcommand)]
    SystemGroup(SystemGroup),
    #[command(hide = true)]
    Shim(Shim),
}

/// The verbs that stand alone and in the group `container`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContainerVerb {
    /// Create and run a new container from an image
    Run(Box<Run>),
    /// Create a new container
    Create(Box<Create>),
    /// Start one or more stopped containers
    Start(Start),
    /// List containers
    Ps(Ps),
    /// Fetch the logs of a container
    Logs(Logs),
    /// Execute a command in a running container
    Exec(Exec),
    /// Stop one or more running containers
    Stop(Stop),
    /// Restart one or more containers
    Restart(Stop),
    /// Kill one or more running containers
    Kill(Kill),
    /// Block until one or more containers stop, then print their exit codes
    Wait(Wait),
    /// Remove one or more containers
    Rm(Remove),
    /// Attach local standard input, output, and error streams to a running container
    Attach(Attach),
    /// Display the running processes of a container
    Top(Top),
    /// Pause all processes within one or more containers
    Pause(Names),
    /// Unpause all processes within one or more containers
    Unpause(Names),
    /// Rename a container
    Rename(Rename),
}

/// `skiff container …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContainerGroup {
    #[command(flatten)]
    Verb(ContainerVerb),
    /// List containers
    #[command(alias = "list")]
    Ls(Ps),
    /// Display detailed information on one or more containers
    Inspect(Inspect),
}

/// `skiff image …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageGroup {
    /// List images
    #[command(alias = "list")]
    Ls(Images),
    /// Download an image from a registry
    Pull(Pull),
    /// Remove one or more images
    #[command(alias = "remove")]
    Rm(RemoveImage),
    /// Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
    Tag(Tag),
    /// Display detailed information on one or more images
    Inspect(Inspect),
}

/// `skiff system …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SystemGroup {
    /// Display system-wide information
    Info(Info),
    /// Get real time events from the daemon
    Events(Events),
}

/// Reads a command line, the program's own name first.
///
/// # Errors
/// [`Refused`]: the text to show and the status to leave with; help is one, too.
pub(crate) fn parse<I>(words: I) -> Result<Cli, Refused>
where
    I: IntoIterator<Item = OsString>,
{
    let command = with_help(Cli::command());
    let mut matches = with_values(command.clone())
        .try_get_matches_from(words)
        .map_err(|error| usage::refused(&error, &command))?;
    Cli::from_arg_matches_mut(&mut matches)
        .map_err(|error| usage::refused(&error, &command))
}

/// Help has no short flag: `-h` is the host name.
fn with_help(command: Command) -> Command {
    let help = Arg::new("help")
        .long("help")
        .help("Print usage")
        .action(ArgAction::Help);
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg(help)
        .mut_subcommands(with_help)
}

/// Docker's switches take a value: `--rm=false`. (Help is not made of these: it would
/// show a value behind every switch.)
fn with_values(command: Command) -> Command {
    command
        .mut_args(|flag| match flag.get_action() {
            ArgAction::SetTrue => flag
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .value_parser(BoolishValueParser::new())
                .default_value("false")
                .default_missing_value("true"),
            _ => flag,
        })
        .mut_subcommands(with_values)
}

#[cfg(test)]
mod tests;
