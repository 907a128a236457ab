//! The verbs for the engine itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::values;

/// `skiff inspect [OPTIONS] NAME|ID [NAME|ID...]`
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Format output: json, or a Go template
    #[arg(short, long)]
    pub(crate) format: Option<String>,
    /// Only inspect objects of the given type
    #[arg(long, value_name = "TYPE")]
    pub(crate) r#type: Option<String>,
    /// Objects, by name or id
    #[arg(required = true, value_name = "NAME|ID")]
    pub(crate) names: Vec<String>,
}

/// `skiff version [OPTIONS]`
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// Format output: json, or a Go template
    #[arg(short, long)]
    pub(crate) format: Option<String>,
}

/// `skiff info [OPTIONS]`
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Format output: json, or a Go template
    #[arg(short, long)]
    pub(crate) format: Option<String>,
}

/// `skiff events [OPTIONS]`
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Show all events created since timestamp
    #[arg(long, value_parser = values::moment)]
    pub(crate) since: Option<String>,
    /// Stream events until this timestamp
    #[arg(long, value_parser = values::moment)]
    pub(crate) until: Option<String>,
    /// Filter output based on conditions provided
    #[arg(short, long, value_parser = values::filter, value_name = "KEY=VALUE")]
    pub(crate) filter: Vec<(String, String)>,
    /// Format output: json, or a Go template
    #[arg(long)]
    pub(crate) format: Option<String>,
}

/// `skiff daemon [OPTIONS]`, `skiff daemon stop`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Daemon {
    /// What lasts: images, containers, volumes
    #[arg(long, value_name = "DIR")]
    pub(crate) data_root: Option<PathBuf>,
    /// What this boot needs: sockets, locks, shims
    #[arg(long, value_name = "DIR")]
    pub(crate) exec_root: Option<PathBuf>,
    /// Address to listen on: unix:///PATH or tcp://HOST:PORT
    #[arg(id = "listen", long = "host", value_name = "ADDRESS")]
    pub(crate) listen: Vec<String>,
    /// End when idle for so long without containers (e.g. 10m)
    #[arg(long, value_parser = values::duration, value_name = "DURATION")]
    pub(crate) idle_exit: Option<Duration>,
    /// A client handed us the socket as descriptor 3.
    #[arg(long, hide = true)]
    pub(crate) self_started: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<DaemonVerb>,
}

/// What can be done to a daemon.
#[derive(Debug, Subcommand)]
pub(crate) enum DaemonVerb {
    /// End the daemon that started by itself; its containers live on
    Stop,
}

/// The shim's own command line, taken as it is.
#[derive(Debug, Args)]
pub(crate) struct Shim {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}
