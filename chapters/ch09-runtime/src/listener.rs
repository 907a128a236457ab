//! Somebody else decides about system calls: `SCMP_ACT_NOTIFY` (seccomp_unotify(2)).
//!
//! Installing such a filter gives a descriptor, from which the calls that stopped can be
//! read and through which they are answered. It is sent to the socket `listenerPath`,
//! with a word on whose it is (runtime-spec, "Container process state").
//!
//! The socket is connected while the host's paths are still there, the descriptor sent
//! the moment it exists: were it later, a call in between would wait for ever.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use anyhow::{Context, Result};
use chroot::process::send_descriptor;
use serde_json::{Value, json};
use workbench::steps;

use crate::spec::OCI_VERSION;

/// Who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The socket.
    pub path: PathBuf,
    /// A word for it, which is passed on.
    pub metadata: Option<String>,
}

/// The way to a listener that has been reached.
#[derive(Debug)]
pub struct Way {
    socket: UnixStream,
    told: Value,
}

impl Listener {
    /// Reaches the listener; `state` is the container's, with which it is told of this
    /// process.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn reach(&self, mut state: Value) -> Result<Way> {
        let path = &self.path;
        let why = "whoever decides about system calls has to be there before they stop";
        let call = format_args!("connect({path:?})");
        let socket = steps::step(9, call, why, || UnixStream::connect(path))
            .with_context(|| {
                format!("connect to linux.seccomp.listenerPath {}", path.display())
            })?;
        let pid = own_pid()?;
        if state["pid"] == 0 {
            state["pid"] = json!(pid);
        }
        let told = json!({
            "ociVersion": OCI_VERSION,
            "fds": ["seccompFd"],
            "pid": pid,
            "metadata": self.metadata,
            "state": state,
        });
        Ok(Way { socket, told })
    }
}

impl Way {
    /// Sends the descriptor with the word on this process.
    ///
    /// # Errors
    /// When the listener is gone, or the filter forbids sendmsg(2).
    pub fn send(&self, descriptor: &OwnedFd) -> Result<()> {
        let told = self.told.to_string();
        let why = "from here on somebody else answers some of this process's calls";
        let call = format_args!("sendmsg(listener, SCM_RIGHTS)");
        steps::step(9, call, why, || {
            send_descriptor(self.socket.as_fd(), told.as_bytes(), descriptor.as_fd())
        })
        .context("send the seccomp listener")
    }
}

/// This process's pid as the host knows it, as long as the host's procfs is there.
fn own_pid() -> Result<i32> {
    let own = fs::read_link("/proc/self").context("find out the own pid")?;
    let number = own.to_string_lossy().parse();
    number.context("find out the own pid")
}
