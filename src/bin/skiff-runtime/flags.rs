//! What can be typed: runc's commands and flags, before and after the id.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand};
use runtime::{Create, state};
use workbench::bench::Explain;

use crate::resources::Change;

/// As runc's callers read it: the commit, and the newest specification that is known.
pub(crate) const VERSION: &str = concat!(
    "version ",
    env!("CARGO_PKG_VERSION"),
    "\ncommit: v",
    env!("CARGO_PKG_VERSION"),
    "\nspec: 1.3.0"
);

/// An OCI runtime: from config.json to a process.
#[derive(Debug, Parser)]
#[command(name = "skiff-runtime", version = VERSION, arg_required_else_help = true)]
#[command(disable_version_flag = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be said with every verb.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Print the version.
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,
    /// The folder of the containers' states.
    #[arg(long, global = true, default_value_os_t = state::default_root())]
    pub(crate) root: PathBuf,
    /// Write errors to this file as well.
    #[arg(long, global = true)]
    pub(crate) log: Option<PathBuf>,
    /// The format of the log: text or json.
    #[arg(long, global = true, default_value = "text", value_parser = ["text", "json"])]
    pub(crate) log_format: String,
    /// Taken for runc's sake: there is nothing more to log.
    #[arg(long, global = true)]
    debug: bool,
    /// Have systemd make the cgroup; linux.cgroupsPath is then slice:prefix:name.
    #[arg(long, global = true)]
    pub(crate) systemd_cgroup: bool,
    /// Taken for runc's sake: whether the caller is root is looked at.
    #[arg(id = "as rootless", long = "rootless", num_args = 0..=1, require_equals = true)]
    rootless: Option<Option<String>>,
    /// Show each system call: as a tree, as JSON lines (=json), as a figure (=svg:FILE).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "tree")]
    pub(crate) explain: Option<Explain>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a first config.json.
    Spec {
        /// The bundle's folder.
        #[arg(short, long, default_value = ".")]
        bundle: PathBuf,
        /// For a container of an ordinary user.
        #[arg(long)]
        rootless: bool,
    },
    /// Make a container; its program waits for start.
    Create(Make),
    /// Start what was created.
    Start(Named),
    /// Show a container's state, as JSON.
    State(Named),
    /// Send a signal to a container's first process.
    Kill(Kill),
    /// Take away what a stopped container left.
    Delete(Delete),
    /// Create, start, wait and delete in one.
    Run(Run),
    /// Run one more process in a container.
    Exec(Join),
    /// List the containers.
    List {
        /// The format: table or json.
        #[arg(short, long, default_value = "table", value_parser = ["table", "json"])]
        format: String,
        /// Only the names.
        #[arg(short, long)]
        quiet: bool,
    },
    /// Show the processes of a container, as ps(1) does.
    Ps {
        /// The format: table (what ps prints) or json (the pids).
        #[arg(short, long, default_value = "table", value_parser = ["table", "json"])]
        format: String,
        /// The container's name.
        id: String,
        /// What ps is called with (-ef unless told).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Stop a container's processes where they stand.
    Pause(Named),
    /// Let a paused container go on.
    Resume(Named),
    /// Change the limits of a container.
    Update(Change),
    /// Show what a container uses, as JSON lines, and that its memory ran out.
    Events {
        /// How often.
        #[arg(long, default_value = "5s")]
        interval: String,
        /// Once, and be done.
        #[arg(long)]
        stats: bool,
        /// The container's name.
        id: String,
    },
    /// Show what this runtime can do, as JSON.
    Features,
    /// Be the init of a container that another runtime made.
    #[command(hide = true)]
    Init {
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Named {
    /// The container's name.
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct Kill {
    /// To all its processes.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// The container's name.
    pub(crate) id: String,
    /// The signal's name or number.
    #[arg(default_value = "SIGTERM")]
    pub(crate) signal: String,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// Kill it first if it runs.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// The container's name.
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) make: Make,
    /// Do not wait for it.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// Do not delete it when it has ended.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Taken for runc's sake: a reaper of orphans is never made here.
    #[arg(long)]
    no_subreaper: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Make {
    /// The bundle's folder.
    #[arg(short, long, default_value = ".")]
    bundle: PathBuf,
    /// A socket that gets the terminal.
    #[arg(long)]
    console_socket: Option<PathBuf>,
    /// A file to write the first process's pid to.
    #[arg(long)]
    pid_file: Option<PathBuf>,
    /// How many descriptors after the standard ones the program inherits.
    #[arg(long, default_value_t = 0)]
    preserve_fds: u32,
    /// Cover the old root instead of pivoting: for a host on a ramdisk.
    #[arg(long)]
    no_pivot: bool,
    /// Stay in the caller's session keyring.
    #[arg(long)]
    no_new_keyring: bool,
    /// The container's name.
    id: String,
}

impl Make {
    pub(crate) fn asked<'a>(&'a self, root: &'a Path, systemd: bool) -> Create<'a> {
        Create {
            id: &self.id,
            root,
            bundle: &self.bundle,
            console_socket: self.console_socket.as_deref(),
            pid_file: self.pid_file.as_deref(),
            preserve_fds: self.preserve_fds,
            no_pivot: self.no_pivot,
            no_new_keyring: self.no_new_keyring,
            systemd,
            sibling: false,
            at_once: false,
            warn: crate::warn,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Join {
    /// A socket that gets the terminal.
    #[arg(long)]
    pub(crate) console_socket: Option<PathBuf>,
    /// The working folder.
    #[arg(long)]
    pub(crate) cwd: Option<PathBuf>,
    /// A variable of the environment, as NAME=value.
    #[arg(short, long)]
    pub(crate) env: Vec<String>,
    /// With a terminal.
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Who: uid[:gid].
    #[arg(short, long)]
    pub(crate) user: Option<String>,
    /// One more group.
    #[arg(short = 'g', long)]
    pub(crate) additional_gids: Vec<u32>,
    /// A file with the process as config.json would have it.
    #[arg(short, long)]
    pub(crate) process: Option<PathBuf>,
    /// Do not wait for it.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// A file to write its pid to.
    #[arg(long)]
    pub(crate) pid_file: Option<PathBuf>,
    /// No more privileges by exec.
    #[arg(long)]
    pub(crate) no_new_privs: bool,
    /// One more capability.
    #[arg(short, long)]
    pub(crate) cap: Vec<String>,
    /// How many descriptors after the standard ones the program inherits.
    #[arg(long, default_value_t = 0)]
    pub(crate) preserve_fds: u32,
    /// The cgroup to start in, below the container's.
    #[arg(long, default_value = "")]
    pub(crate) cgroup: String,
    /// Also in a paused container: it runs when that goes on.
    #[arg(long)]
    pub(crate) ignore_paused: bool,
    /// The container's name.
    pub(crate) id: String,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}
