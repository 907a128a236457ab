//! What daemon and shim say to each other: one line of JSON each way.
//!
//! ```text
//! shim ──▶ daemon   on its standard output, once:  {"ready":{"pid":…}} or {"error":…}
//! daemon ──▶ shim   on shim.sock, per connection:  {"do":"wait"}
//! shim ──▶ daemon                                  {"ok":{"exit":{"code":7,…}}}
//! ```
//!
//! After the answer to [`Request::Attach`], and to an [`Request::Exec`] that is not
//! detached, the connection is the process's stream; see [`crate::frame`]. The shim
//! never speaks first after its report, so a daemon may come, go and come back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The line on the report pipe: what became of a shim that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", untagged)]
pub enum Report {
    /// The container is created, and the shim listens.
    Ready {
        /// Who they are.
        ready: Ready,
    },
    /// Nothing was made, or nothing of it is left.
    Failed(Refusal),
}

/// A container that was made, and its shim. While it is being made, `pid` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The container's first process, as the shim's pid namespace counts.
    pub pid: i32,
    /// When that process started, in clock ticks since boot (proc_pid_stat(5), field
    /// 22): with the pid it names one process for ever.
    pub start_time: u64,
    /// The shim.
    pub shim_pid: i32,
    /// When the shim started, likewise.
    #[serde(default)]
    pub shim_start_time: u64,
}

/// What the daemon asks for. In each, `exec: None` means the container itself.
// ANCHOR: Request
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// Let the created container exec its program.
    Start,
    /// Tell what the container does now.
    State,
    /// Send a signal to the first process, or to all of the container's.
    Kill {
        /// The signal's number.
        signal: i32,
        /// To all processes.
        #[serde(default)]
        all: bool,
    },
    /// Freeze all processes.
    Pause,
    /// Let them go on.
    Resume,
    /// Tell a process's terminal its new size.
    Resize {
        /// Whose terminal.
        #[serde(default)]
        exec: Option<String>,
        /// Lines.
        rows: u16,
        /// Characters a line.
        cols: u16,
    },
    /// Answer when the process has ended and its output has been read to the end.
    Wait {
        /// Which process.
        #[serde(default)]
        exec: Option<String>,
    },
    /// Turn this connection into the process's stream.
    Attach {
        /// Which process.
        #[serde(default)]
        exec: Option<String>,
        /// What of it.
        #[serde(flatten)]
        streams: Streams,
    },
    /// End the process's standard input, whoever else may be writing to it.
    CloseStdin {
        /// Which process.
        #[serde(default)]
        exec: Option<String>,
    },
    /// Start another process in the container.
    Exec(Box<Exec>),
    /// List the container's processes, by their pids outside.
    Pids,
}
// ANCHOR_END: Request

/// Another process for the container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exec {
    /// A name for it, unused so far in this container.
    pub id: String,
    /// The process as OCI's `config.json` describes one.
    pub process: serde_json::Value,
    /// Give it a terminal.
    #[serde(default)]
    pub terminal: bool,
    /// Which of its streams are wanted; the others are `/dev/null`.
    #[serde(flatten)]
    pub streams: Streams,
    /// Let it run with nobody on this connection.
    #[serde(default)]
    pub detach: bool,
}

/// A choice of standard streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Standard input, towards the process.
    #[serde(default)]
    pub stdin: bool,
    /// Standard output; a terminal's only output.
    #[serde(default)]
    pub stdout: bool,
    /// Standard error.
    #[serde(default)]
    pub stderr: bool,
}

/// The shim's answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// It is done.
    Ok {
        /// What there is to tell.
        ok: Reply,
    },
    /// It is not.
    Refused(Refusal),
}

/// What there is to tell; each request fills its own fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// The process's pid (start, state, exec).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// What the container does (state).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The container's processes (pids).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<Vec<i32>>,
    /// How the process ended (wait).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its first process waits for [`Request::Start`].
    Created,
    /// Its program runs.
    Running,
    /// It is frozen.
    Paused,
    /// Its first process has ended.
    Stopped,
}

/// How a process ended; for the container itself also the content of the exit file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// As shells tell it: its own code, or 128 and the signal's number.
    pub code: i32,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// When.
    pub finished_at: Timestamp,
    /// Whether the kernel killed a process of the container for want of memory.
    #[serde(default)]
    pub oom_killed: bool,
    /// What went wrong while the container was cleared away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The causes, the outermost first.
    pub error: String,
    /// What the caller can make of it.
    #[serde(default)]
    pub kind: Kind,
    /// The setting to change, when the cause is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kinds of refusal that a caller tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The program to run does not exist (docker's exit code 127).
    NotFound,
    /// The program is there and cannot be run (126).
    NotExecutable,
    /// Not in this state: not running, already running, paused, ended.
    State,
    /// Anything else.
    #[default]
    Other,
}

impl Refusal {
    /// A refusal for the state that the container or the process is in.
    #[must_use]
    pub fn state(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            kind: Kind::State,
            hint: None,
        }
    }

    /// An error, sorted by its words: by the time that an error has crossed two
    /// processes, or has come from a runtime of other make, words are what is left.
    #[must_use]
    pub fn from_error(error: &anyhow::Error) -> Self {
        let text = format!("{error:#}");
        Self {
            kind: Kind::of(&text),
            hint: workbench::diagnosis::hint(error).map(str::to_owned),
            error: text,
        }
    }
}

impl Kind {
    /// What the words of a runtime's error say about the program it should have run.
    fn of(error: &str) -> Self {
        let Some(exec) = error.find("exec").map(|start| &error[start..]) else {
            return Self::Other;
        };
        let exec = exec.to_lowercase();
        if exec.contains("executable file") && exec.contains("not found")
            || exec.contains("no such file or directory")
        {
            Self::NotFound
        } else if exec.contains("permission denied")
            || exec.contains("is a directory")
            || exec.contains("exec format error")
        {
            Self::NotExecutable
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests;
