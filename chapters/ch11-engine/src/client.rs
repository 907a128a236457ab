//! The other end of the socket: a client of any Engine API.
//!
//! [`Client::connect`] finds the daemon, starting one if there is none
//! ([`autostart`]), and agrees on a version. A method is a request; what it takes and
//! gives are [`crate::api`]'s types. [`session`] carries a container's streams and
//! [`terminal`] makes the terminal behave meanwhile. All of it runs on one thread
//! ([`run`]); nothing prints and nothing exits.

pub mod autostart;
pub mod frames;
pub mod host;
pub mod roots;
pub mod session;
pub mod signals;
pub mod terminal;

mod all;
mod body;
mod containers;
mod execs;
mod http;
mod images;
mod system;

use std::fmt::Write;

use anyhow::{Context, Result};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use workbench::steps;

use crate::api;

pub use all::all;
pub use body::{Body, Lines};
pub use containers::{Attach, Logs, Wait, WaitUntil};
pub use host::Host;
pub use http::{Failure, Hijacked};
pub use roots::Roots;

/// A daemon that answered.
#[derive(Clone, Debug)]
pub struct Client {
    host: Host,
    version: String,
    explain: Option<String>,
    notice: autostart::Notice,
}

/// Runs `work` on this thread, and on no other but for reading standard input.
///
/// # Errors
/// Those of `work`, and when the kernel gives no epoll.
pub fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the client's event loop")?;
    let answer = runtime.block_on(work);
    // A read of standard input may still be waiting; the end of the process ends it.
    runtime.shutdown_background();
    answer
}

impl Client {
    /// Connects to `host`, or without one to this user's own daemon, which is started
    /// if none listens.
    ///
    /// With `explain`, the daemon keeps the steps of this client's requests.
    ///
    /// # Errors
    /// When there is no daemon and none can be started.
    pub async fn connect(host: Option<Host>, explain: bool) -> Result<Self> {
        let explain = explain.then(random_name);
        let roots = Roots::of_this_user();
        let (host, own) = match host {
            Some(host) => (host, None),
            None => (Host::Unix(roots.socket()), Some(&roots)),
        };
        let mut client = Self {
            host,
            version: api::VERSION.to_owned(),
            explain,
            notice: None,
        };
        let greeting = match own {
            Some(roots) => {
                let (greeting, notice) = autostart::greet(&client, roots).await?;
                client.notice = notice;
                greeting
            }
            None => client
                .greet()
                .await
                .map_err(|error| autostart::or_hint(error, &client.host))?,
        };
        client.version = older(&greeting.api_version, api::VERSION).to_owned();
        Ok(client)
    }

    /// Connects to `host`, or to this user's own daemon, but starts none; `None` when
    /// nobody listens.
    ///
    /// # Errors
    /// When somebody listens who does not answer.
    pub async fn connect_to_running(host: Option<Host>) -> Result<Option<Self>> {
        let client = Self {
            host: host.unwrap_or_else(|| Host::Unix(Roots::of_this_user().socket())),
            version: api::VERSION.to_owned(),
            explain: None,
            notice: None,
        };
        match client.greet().await {
            Ok(_) => Ok(Some(client)),
            Err(error) if autostart::is_nobody(&error) => Ok(None),
            Err(error) => Err(autostart::or_hint(error, &client.host)),
        }
    }

    /// The address that was connected to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// One line about what happened to the daemon on the way, for standard error.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The version of the API that both sides speak.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        why: &'static str,
    ) -> http::Request<'_> {
        let target = format!("/v{}{path}", self.version);
        let request = http::Request::new(&self.host, method, target, why);
        match self.explain.as_ref().map(|id| HeaderValue::from_str(id)) {
            Some(Ok(id)) => request.header(explain_header(), id),
            _ => request,
        }
    }

    fn get(&self, path: &str, why: &'static str) -> http::Request<'_> {
        self.request(Method::GET, path, why)
    }

    fn post(&self, path: &str, why: &'static str) -> http::Request<'_> {
        self.request(Method::POST, path, why)
    }

    fn delete(&self, path: &str, why: &'static str) -> http::Request<'_> {
        self.request(Method::DELETE, path, why)
    }

    /// The steps that this client's requests led to; waits until the last process that
    /// could announce one is gone or has closed its end.
    ///
    /// # Errors
    /// When the daemon keeps none: it is not skiff's.
    pub async fn steps(&self) -> Result<Vec<steps::Step>> {
        let Some(id) = &self.explain else {
            return Ok(Vec::new());
        };
        let path = format!("/skiff/steps/{id}");
        let why = "what the daemon and its processes did";
        let request = http::Request::new(&self.host, Method::GET, path, why);
        let reply = request
            .send()
            .await
            .context("the daemon at the other end explains nothing")?;
        steps::parse_json_lines(&reply.text().await?)
    }
}

fn explain_header() -> HeaderName {
    // In small letters, as HTTP's names are compared.
    HeaderName::from_bytes(api::EXPLAIN_HEADER.as_bytes())
        .unwrap_or(HeaderName::from_static("skiff-explain"))
}

/// Sixteen random bytes in hexadecimal.
fn random_name() -> String {
    let mut name = String::new();
    let mut bytes = [0_u8; 16];
    // The name only needs to differ from other clients'; getrandom(2) without a crate.
    if let Ok(mut source) = std::fs::File::open("/dev/urandom") {
        let _ = std::io::Read::read_exact(&mut source, &mut bytes);
    }
    for byte in bytes {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The older one of two versions `major.minor`; an empty one is unknown.
fn older<'v>(one: &'v str, other: &'v str) -> &'v str {
    let parts = |version: &str| {
        let (major, minor) = version.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    match (parts(one), parts(other)) {
        (Some(a), Some(b)) if a < b => one,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_version_is_spoken() {
        assert_eq!(older("1.41", "1.51"), "1.41");
        assert_eq!(older("1.9", "1.51"), "1.9");
        assert_eq!(older("1.52", "1.51"), "1.51");
        assert_eq!(older("", "1.51"), "1.51");
    }

    #[test]
    fn names_differ() {
        assert_ne!(random_name(), random_name());
        assert_eq!(random_name().len(), 32);
    }
}
