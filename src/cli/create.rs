//! `run` and `create`: what a container is to be.

use clap::{Args, ValueEnum};

use super::mounts::{self, Tmpfs};
use super::values;
use engine::api::host::Mount;

/// `skiff run [OPTIONS] IMAGE [COMMAND] [ARG...]`
#[derive(Debug, Args)]
#[command(override_usage = "skiff run [OPTIONS] IMAGE [COMMAND] [ARG...]")]
pub(crate) struct Run {
    /// Run container in background and print container ID
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Proxy received signals to the process
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
    #[command(flatten)]
    pub(crate) create: Create,
}

/// When an image is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PullPolicy {
    /// Before every create.
    Always,
    /// When it is not there.
    Missing,
    /// Not at all.
    Never,
}

/// `skiff create [OPTIONS] IMAGE [COMMAND] [ARG...]`
#[derive(Debug, Args)]
#[command(override_usage = "skiff create [OPTIONS] IMAGE [COMMAND] [ARG...]")]
pub(crate) struct Create {
    /// Keep STDIN open even if not attached
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Allocate a pseudo-TTY
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Automatically remove the container when it exits
    #[arg(long)]
    pub(crate) rm: bool,
    /// Assign a name to the container
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Write the container ID to the file
    #[arg(long, value_name = "FILE")]
    pub(crate) cidfile: Option<std::path::PathBuf>,
    /// Set platform if server is multi-platform capable
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// Pull image before creating
    #[arg(long, value_enum, default_value_t = PullPolicy::Missing, value_name = "WHEN")]
    pub(crate) pull: PullPolicy,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) rights: Rights,
    /// The image, and what runs instead of its command
    // One argument, so that nothing after the image is taken for a flag.
    #[arg(required = true, trailing_var_arg = true, value_name = "IMAGE")]
    pub(crate) image_and_command: Vec<String>,
}

/// What runs.
#[derive(Debug, Args)]
pub(crate) struct Process {
    /// Set environment variables
    #[arg(short, long, value_parser = values::env, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Read in a file of environment variables
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<std::path::PathBuf>,
    /// Working directory inside the container
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// Username or UID (format: <name|uid>[:<group|gid>])
    #[arg(short, long)]
    pub(crate) user: Option<String>,
    /// Overwrite the default ENTRYPOINT of the image
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) entrypoint: Option<String>,
    /// Set meta data on a container
    #[arg(short, long, value_parser = values::label, value_name = "KEY[=VALUE]")]
    pub(crate) label: Vec<(String, String)>,
    /// Signal to stop the container
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<String>,
    /// Timeout (in seconds) to stop a container
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) stop_timeout: Option<i64>,
    /// Run an init inside the container that forwards signals and reaps processes
    #[arg(long)]
    pub(crate) init: bool,
}

/// What it sees.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Container host name
    #[arg(short = 'h', long)]
    pub(crate) hostname: Option<String>,
    /// Connect a container to a network (none, host or bridge)
    #[arg(long, visible_alias = "net", value_parser = values::network)]
    pub(crate) network: Option<String>,
    /// Bind mount a volume
    #[arg(short, long, value_parser = mounts::bind, value_name = "SOURCE:TARGET[:OPTIONS]")]
    pub(crate) volume: Vec<String>,
    /// Attach a filesystem mount to the container
    #[arg(long, value_parser = mounts::mount, value_name = "KEY=VALUE,...")]
    pub(crate) mount: Vec<Mount>,
    /// Mount a tmpfs directory
    #[arg(long, value_parser = mounts::tmpfs, value_name = "TARGET[:OPTIONS]")]
    pub(crate) tmpfs: Vec<Tmpfs>,
    /// Mount the container's root filesystem as read only
    #[arg(long)]
    pub(crate) read_only: bool,
}

/// What it may do and use.
#[derive(Debug, Args)]
pub(crate) struct Rights {
    /// Memory limit
    #[arg(short, long, value_parser = values::size, value_name = "BYTES")]
    pub(crate) memory: Option<i64>,
    /// Number of CPUs
    #[arg(long, value_parser = values::nano_cpus, value_name = "DECIMAL")]
    pub(crate) cpus: Option<i64>,
    /// Tune container pids limit (set -1 for unlimited)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) pids_limit: Option<i64>,
    /// Add Linux capabilities
    #[arg(long, value_name = "NAME")]
    pub(crate) cap_add: Vec<String>,
    /// Drop Linux capabilities
    #[arg(long, value_name = "NAME")]
    pub(crate) cap_drop: Vec<String>,
    /// Give extended privileges to this container
    #[arg(long)]
    pub(crate) privileged: bool,
    /// Security Options
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) security_opt: Vec<String>,
    /// Runtime to use for this container
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) runtime: Option<String>,
}
