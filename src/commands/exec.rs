//! `exec`: one more process in a container that runs.

use std::io::{IsTerminal, stdout};

use anyhow::{Result, bail};
use engine::api::exec::{ExecConfig, ExecStart};
use engine::client::Client;
use engine::client::session::{Ended, Session};
use engine::client::signals::Signals;
use engine::client::terminal::{self, Follower};

use super::run::detach_keys;
use super::{check_terminal, exit_status};
use crate::cli::container::Exec;
use crate::cli::request::variables;

/// `skiff exec`.
pub(super) async fn run(client: &Client, typed: &Exec) -> Result<u8> {
    let detach = detach_keys(typed.detach_keys.as_deref())?;
    let [container, command @ ..] = typed.container_and_command.as_slice() else {
        bail!("a container is needed");
    };
    if !typed.detach {
        check_terminal(typed.interactive, typed.tty)?;
    }
    let size = terminal::size().filter(|_| typed.tty);
    let size: Vec<u32> = size
        .map(|(rows, columns)| vec![rows.into(), columns.into()])
        .unwrap_or_default();
    let config = ExecConfig {
        user: typed.user.clone().unwrap_or_default(),
        privileged: typed.privileged,
        tty: typed.tty,
        console_size: size.clone(),
        attach_stdin: typed.interactive && !typed.detach,
        attach_stdout: !typed.detach,
        attach_stderr: !typed.detach,
        detach_keys: typed.detach_keys.clone().unwrap_or_default(),
        env: variables(&typed.env_file, &typed.env)?,
        working_dir: typed.workdir.clone().unwrap_or_default(),
        cmd: command.to_vec(),
    };
    let id = client.exec_create(container, &config).await?;
    let start = ExecStart {
        detach: typed.detach,
        tty: typed.tty,
        console_size: size,
    };
    if typed.detach {
        client.exec_start(&id, &start).await?;
        return Ok(0);
    }
    let work = async {
        let session = Session {
            stream: client.exec_attach(&id, &start).await?,
            terminal: typed.tty,
            stdin: typed.interactive,
            detach,
        };
        let size = (typed.tty && stdout().is_terminal()).then_some(Follower::Exec(&id));
        if session.carry_sized(client, size).await? == Ended::Detached {
            return Ok(0);
        }
        let ended = client.exec_inspect(&id).await?;
        Ok(exit_status(ended.exit_code.unwrap_or_default().into()))
    };
    Signals::ending()?.attend(work).await
}
