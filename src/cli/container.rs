//! The verbs for containers that are there.

use clap::Args;

use super::values;

/// `skiff start [OPTIONS] CONTAINER [CONTAINER...]`
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Attach STDOUT/STDERR and forward signals
    #[arg(short, long)]
    pub(crate) attach: bool,
    /// Attach container's STDIN
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    #[command(flatten)]
    pub(crate) names: Names,
}

/// One or more containers.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Containers, by name or (the beginning of an) id
    #[arg(required = true, value_name = "CONTAINER")]
    pub(crate) containers: Vec<String>,
}

/// `skiff ps [OPTIONS]`
#[derive(Debug, Args)]
pub(crate) struct Ps {
    /// Show all containers (default shows just running)
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Only display container IDs
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Show n last created containers (includes all states)
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) last: Option<i64>,
    /// Show the latest created container (includes all states)
    #[arg(short, long)]
    pub(crate) latest: bool,
    /// Display total file sizes
    #[arg(short, long)]
    pub(crate) size: bool,
    /// Don't truncate output
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Filter output based on conditions provided
    #[arg(short, long, value_parser = values::filter, value_name = "KEY=VALUE")]
    pub(crate) filter: Vec<(String, String)>,
    /// Format output: table, table TEMPLATE, json, or a Go template
    #[arg(long)]
    pub(crate) format: Option<String>,
}

/// `skiff logs [OPTIONS] CONTAINER`
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Follow log output
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Number of lines to show from the end of the logs
    #[arg(short = 'n', long, value_name = "LINES", allow_negative_numbers = true)]
    pub(crate) tail: Option<String>,
    /// Show timestamps
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m")
    #[arg(long, value_parser = values::moment)]
    pub(crate) since: Option<String>,
    /// Show logs before a timestamp or relative
    #[arg(long, value_parser = values::moment)]
    pub(crate) until: Option<String>,
    /// The container
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,
}

/// `skiff exec [OPTIONS] CONTAINER COMMAND [ARG...]`
#[derive(Debug, Args)]
#[command(override_usage = "skiff exec [OPTIONS] CONTAINER COMMAND [ARG...]")]
pub(crate) struct Exec {
    /// Detached mode: run command in the background
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Keep STDIN open even if not attached
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Allocate a pseudo-TTY
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Set environment variables
    #[arg(short, long, value_parser = values::env, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Read in a file of environment variables
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<std::path::PathBuf>,
    /// Username or UID (format: "<name|uid>[:<group|gid>]")
    #[arg(short, long)]
    pub(crate) user: Option<String>,
    /// Working directory inside the container
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// Give extended privileges to the command
    #[arg(long)]
    pub(crate) privileged: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// The container, and what runs in it
    #[arg(
        required = true,
        num_args = 2..,
        trailing_var_arg = true,
        value_name = "CONTAINER"
    )]
    pub(crate) container_and_command: Vec<String>,
}

/// `skiff stop|restart [OPTIONS] CONTAINER [CONTAINER...]`
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Seconds to wait before killing the container
    #[arg(
        short = 't',
        long,
        visible_alias = "time",
        value_name = "SECONDS",
        allow_negative_numbers = true
    )]
    pub(crate) timeout: Option<i64>,
    /// Signal to send to the container
    #[arg(short, long)]
    pub(crate) signal: Option<String>,
    #[command(flatten)]
    pub(crate) names: Names,
}

/// `skiff kill [OPTIONS] CONTAINER [CONTAINER...]`
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Signal to send to the container
    #[arg(short, long)]
    pub(crate) signal: Option<String>,
    #[command(flatten)]
    pub(crate) names: Names,
}

/// `skiff wait CONTAINER [CONTAINER...]`
#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) names: Names,
}

/// `skiff rm [OPTIONS] CONTAINER [CONTAINER...]`
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Force the removal of a running container (uses SIGKILL)
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Remove anonymous volumes associated with the container
    #[arg(short, long)]
    pub(crate) volumes: bool,
    #[command(flatten)]
    pub(crate) names: Names,
}

/// `skiff attach [OPTIONS] CONTAINER`
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// Do not attach STDIN
    #[arg(long)]
    pub(crate) no_stdin: bool,
    /// Proxy all received signals to the process
    #[arg(
        long,
        action = clap::ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true,
        value_name = "BOOL",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) sig_proxy: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,
    /// The container
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,
}

/// `skiff top CONTAINER [ps OPTIONS]`
#[derive(Debug, Args)]
#[command(override_usage = "skiff top CONTAINER [ps OPTIONS]")]
pub(crate) struct Top {
    /// The container, and options of ps(1)
    #[arg(required = true, trailing_var_arg = true, value_name = "CONTAINER")]
    pub(crate) container_and_options: Vec<String>,
}

/// `skiff rename CONTAINER NEW_NAME`
#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// The container
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,
    /// Its new name
    #[arg(value_name = "NEW_NAME")]
    pub(crate) name: String,
}
