//! `create`, and the part of `run` that creates.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use engine::api::{CreateRequest, Created};
use engine::client::{Client, Failure, terminal};

use super::pull;
use crate::cli::create::{Create, PullPolicy};
use crate::cli::reference::Reference;
use crate::cli::request::{self, Streams};
use crate::output;

/// The image that every engine makes for itself, and no registry has.
const OWN_IMAGE: &str = "toolbox";

/// `skiff create`.
pub(super) async fn run(client: &Client, typed: &Create) -> Result<u8> {
    let (created, _) = create(client, typed, false).await?;
    output::line(&created.id)?;
    Ok(0)
}

/// Creates the container, fetching its image first if it must be, and says what was
/// asked for.
pub(super) async fn create(
    client: &Client,
    typed: &Create,
    detached: bool,
) -> Result<(Created, CreateRequest)> {
    if let Some(file) = &typed.cidfile {
        ensure!(
            !file.exists(),
            "container ID file found, make sure the other container isn't running or \
             delete {}",
            file.display()
        );
    }
    let streams = Streams {
        detached,
        size: terminal::size(),
    };
    let request = request::create(typed, streams)?;
    if typed.pull == PullPolicy::Always {
        fetch(client, typed, &request).await?;
    }
    let asked = ask(client, typed, &request).await;
    let created = match asked {
        Err(error) if is_missing_image(&error) && may_fetch(typed, &request) => {
            let name = &request.config.image;
            let full = Reference::split(name);
            let tagged = match (full.tag, full.digest) {
                (None, None) => format!("{name}:latest"),
                _ => name.clone(),
            };
            output::note(&format!("Unable to find image '{tagged}' locally"));
            fetch(client, typed, &request).await?;
            ask(client, typed, &request).await?
        }
        answer => answer?,
    };
    for warning in &created.warnings {
        output::note(&format!("WARNING: {warning}"));
    }
    if let Some(file) = &typed.cidfile {
        fs::write(file, &created.id)
            .with_context(|| format!("write {}", file.display()))?;
    }
    Ok((created, request))
}

async fn ask(
    client: &Client,
    typed: &Create,
    request: &CreateRequest,
) -> Result<Created> {
    let name = typed.name.as_deref();
    client
        .create(name, typed.platform.as_deref(), request)
        .await
}

fn is_missing_image(error: &anyhow::Error) -> bool {
    // A missing network or volume is a 404, too.
    error.downcast_ref::<Failure>().is_some_and(|failure| {
        failure.status == 404 && failure.message.to_lowercase().contains("no such image")
    })
}

fn may_fetch(typed: &Create, request: &CreateRequest) -> bool {
    let is_own = Reference::split(&request.config.image).repository == OWN_IMAGE;
    typed.pull != PullPolicy::Never && !is_own
}

async fn fetch(client: &Client, typed: &Create, request: &CreateRequest) -> Result<()> {
    let image = &request.config.image;
    if typed.pull == PullPolicy::Always && !may_fetch(typed, request) {
        bail!("{image} is made by the daemon and cannot be pulled");
    }
    // Standard output is the container's.
    pull::fetch(
        client,
        image,
        typed.platform.as_deref(),
        pull::Shown::OnError,
    )
    .await
}
