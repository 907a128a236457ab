//! `run`: create, start, wait and delete in one.

use anyhow::Result;
use chroot::process::Exit;

use crate::create::{Create, create_of};
use crate::delete::delete_of;
use crate::spec::Bundle;
use crate::stay::stay_with;

/// Runs a container from its beginning to its end; returns how it ended, and what its
/// poststop hooks got wrong.
///
/// # Errors
/// As for [`create`](crate::create()); the container is deleted whatever happens, unless
/// it is to be kept.
pub fn run(what: &Create<'_>, keep: bool) -> Result<(Exit, Vec<anyhow::Error>)> {
    let bundle = Bundle::load(what.bundle)?;
    let process = bundle.spec.process().as_ref();
    let terminal = process.and_then(oci_spec::runtime::Process::terminal);
    let mut made = None;
    let ended = stay_with(terminal == Some(true), |socket| {
        let what = Create {
            at_once: true,
            console_socket: socket,
            ..*what
        };
        let (child, cgroup) = create_of(&what, &bundle)?;
        made = Some(cgroup);
        Ok(child)
    });
    let Some(cgroup) = made.filter(|_| !keep) else {
        return ended.map(|exit| (exit, Vec::new()));
    };
    let deleted = delete_of(what.root, what.id, true, Some(&cgroup));
    ended.and_then(|exit| deleted.map(|warnings| (exit, warnings)))
}
