//! A registry, as one repository in it is read: the OCI distribution protocol.
//!
//! Two requests are all that a pull needs, `GET /v2/<name>/manifests/<tag or digest>` and
//! `GET /v2/<name>/blobs/<digest>`, and a third where the registry asks for a token. What
//! a registry says is not believed here or elsewhere: whoever reads hashes.
//!
//! Over plain HTTP only registries on this machine are spoken to.

mod auth;
mod download;
mod http;
mod origin;
mod refusal;

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use ureq::Body;
use ureq::http::{Response, StatusCode, Uri};

use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::{
    DOCKER_LIST, DOCKER_MANIFEST, LONGEST_DOCUMENT, OCI_INDEX, OCI_MANIFEST,
};
use crate::pull::{Credentials, PullOptions};
use crate::reference::Reference;
use auth::Challenge;
pub(crate) use download::Download;
use http::{Http, Key};
use origin::Origin;

/// A request is tried so often.
const TRIES: u32 = 5;

/// One repository of a registry.
pub(crate) struct Registry {
    http: Http,
    reference: Reference,
    origin: Origin,
    credentials: Option<Credentials>,
    /// The `Authorization` that the registry accepted.
    authorization: Mutex<Option<String>>,
    pause: Duration,
    cancel: Arc<AtomicBool>,
}

/// Why a request did not get its answer.
pub(crate) enum Failure {
    /// It may go better the next time.
    Passing(anyhow::Error),
    /// It will not.
    Final(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Registry {
    /// The repository that `reference` names; nothing is sent yet.
    pub(crate) fn new(reference: &Reference, options: &PullOptions) -> Result<Self> {
        let host = match reference.domain.as_str() {
            // The hub's registry does not live at its name.
            "docker.io" => "registry-1.docker.io",
            other => other,
        };
        let loopback = origin::is_loopback(host);
        let scheme = if loopback { "http" } else { "https" };
        let uri: Uri = format!("{scheme}://{host}/v2/")
            .parse()
            .context("read the name")?;
        Ok(Self {
            http: Http::new(loopback),
            reference: reference.clone(),
            origin: Origin::of(&uri)?,
            credentials: options.credentials.clone(),
            authorization: Mutex::new(None),
            pause: options.pause,
            cancel: Arc::clone(&options.cancel),
        })
    }

    /// The manifest or index at a tag or digest, and what the registry says it is.
    pub(crate) fn manifest(&self, what: &str) -> Result<(Vec<u8>, Option<String>)> {
        let kinds = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(", ");
        let path = format!("manifests/{what}");
        self.patiently(|| {
            let response = self.get(&path, &[("accept", &kinds)])?;
            let kind = response.headers().get("content-type");
            let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
            Ok((document(response)?, kind))
        })
    }

    /// A small blob, not yet verified.
    pub(crate) fn document(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = format!("blobs/{digest}");
        self.patiently(|| document(self.get(&path, &[])?))
    }

    /// A blob from its byte `at` on, as a response that is being read.
    pub(crate) fn blob(
        &self,
        digest: &Digest,
        at: u64,
    ) -> Result<Response<Body>, Failure> {
        let range = format!("bytes={at}-");
        let headers: &[(&str, &str)] = if at > 0 { &[("range", &range)] } else { &[] };
        self.get(&format!("blobs/{digest}"), headers)
    }

    /// Whether whoever asked has changed their mind.
    pub(crate) fn check_canceled(&self) -> Result<(), Error> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Error::Canceled),
            false => Ok(()),
        }
    }

    /// Tries until it goes well, or fails for good, or failed too often.
    fn patiently<T>(&self, act: impl Fn() -> Result<T, Failure>) -> Result<T> {
        let mut tries = 1;
        loop {
            match act() {
                Ok(answer) => return Ok(answer),
                Err(Failure::Passing(_)) if tries < TRIES => self.pause(tries)?,
                Err(Failure::Passing(error)) => {
                    return Err(error.context(format!("tried {tries} times")));
                }
                Err(Failure::Final(error)) => return Err(error),
            }
            tries += 1;
        }
    }

    /// Waits before the try after the `tries`th, in small steps: it may be canceled.
    pub(crate) fn pause(&self, tries: u32) -> Result<(), Error> {
        let mut left = self.pause * tries;
        while !left.is_zero() {
            self.check_canceled()?;
            let step = left.min(Duration::from_millis(50));
            std::thread::sleep(step);
            left -= step;
        }
        self.check_canceled()
    }

    // ANCHOR: get
    /// Asks the registry for something of the repository, with a token if it wants one.
    fn get(
        &self,
        what: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, Failure> {
        self.check_canceled()?;
        let uri = format!("{}/v2/{}/{what}", self.origin.url(), self.reference.path);
        let uri: Uri = uri.parse().context("make the request")?;
        let mut authorized = false;
        loop {
            let authorization = self.authorization();
            let key = authorization.as_deref().map(|value| Key {
                origin: &self.origin,
                value,
            });
            let (at, response) = self
                .http
                .get(&uri, headers, key)
                .map_err(|failure| self.unreachable(failure))?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && at == self.origin && !authorized {
                let challenge = Challenge::of(response.headers());
                let challenge = challenge.ok_or_else(|| self.refusal(response))?;
                self.authorize(&challenge)?;
                authorized = true;
            } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
            {
                let text =
                    format!("the registry {} answers {status}", self.origin.host());
                return Err(Failure::Passing(anyhow!(text)));
            } else if status.is_success() {
                return Ok(response);
            } else {
                return Err(Failure::Final(self.refusal(response)));
            }
        }
    }
    // ANCHOR_END: get

    fn authorization(&self) -> Option<String> {
        let value = self.authorization.lock();
        value.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gets what the registry wants to see from now on.
    fn authorize(&self, challenge: &Challenge) -> Result<(), Failure> {
        let credentials = self.credentials.as_ref();
        let value = match challenge {
            Challenge::Basic => match credentials {
                Some(credentials) => auth::basic(credentials),
                None => {
                    return Err(Failure::Final(self.denied("no basic auth credentials")));
                }
            },
            Challenge::Bearer { realm, service } => {
                let uri = auth::token_uri(realm, service, &self.reference.path)?;
                let credentials =
                    credentials.filter(|_| auth::may_know(&self.origin, &uri));
                auth::token(&self.http, &self.origin, &uri, credentials)?
            }
        };
        let mut known = self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(value);
        Ok(())
    }

    /// Names the registry in what a connection says.
    fn unreachable(&self, failure: Failure) -> Failure {
        let named = |error: anyhow::Error| match error.downcast_ref::<ureq::Error>() {
            Some(_) => Error::Unreachable {
                registry: self.origin.host().to_owned(),
                cause: http::cause(&error),
            }
            .into(),
            None => error,
        };
        match failure {
            Failure::Passing(error) => Failure::Passing(named(error)),
            Failure::Final(error) => Failure::Final(named(error)),
        }
    }
}

/// The body of an answer that must be small.
fn document(response: Response<Body>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let body = response.into_body().into_reader();
    body.take(LONGEST_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::Passing(anyhow!(error).context("read the answer")))?;
    if bytes.len() as u64 > LONGEST_DOCUMENT {
        return Err(anyhow!("the registry's answer is longer than 8 MiB").into());
    }
    Ok(bytes)
}
