//! Requests about containers.

use anyhow::Result;

use super::Client;
use super::body::Body;
use super::http::{Hijacked, Reply, escape};
use crate::api::container::{Top, WaitAnswer};
use crate::api::{ContainerInspect, ContainerSummary, CreateRequest, Created, Filters};

/// Which of a container's streams are wanted, of now and of before.
#[derive(Clone, Debug, Default)]
pub struct Attach {
    /// What is typed goes to the container.
    pub stdin: bool,
    /// Its standard output comes back.
    pub stdout: bool,
    /// Its standard error comes back.
    pub stderr: bool,
    /// The keys that leave the container alone, as docker writes them: `ctrl-p,ctrl-q`.
    pub detach_keys: Option<String>,
}

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// Go on with what is logged from now on.
    pub follow: bool,
    /// Begin each line with its time.
    pub timestamps: bool,
    /// How many lines from the end: a number or `all`.
    pub tail: Option<String>,
    /// From when on: seconds since 1970, with nanoseconds after a dot.
    pub since: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitUntil {
    /// That the container does not run; it may never have.
    NotRunning,
    /// That it ends the next time.
    NextExit,
    /// That it is removed.
    Removed,
}

/// A wait that the daemon has taken on.
#[derive(Debug)]
pub struct Wait(Reply);

impl Wait {
    /// The exit status, when it is there.
    ///
    /// # Errors
    /// When the daemon is lost, or says that the wait failed.
    pub async fn exit(self) -> Result<i64> {
        let answer: WaitAnswer = self.0.json().await?;
        match answer.error {
            Some(error) if !error.message.is_empty() => {
                Err(anyhow::anyhow!(error.message))
            }
            _ => Ok(answer.status_code),
        }
    }
}

fn path(id: &str, verb: &str) -> String {
    format!("/containers/{}{verb}", escape(id))
}

#[expect(clippy::missing_errors_doc, reason = "each: what the daemon refuses")]
impl Client {
    /// Makes a container; 404 when its image is not there.
    pub async fn create(
        &self,
        name: Option<&str>,
        platform: Option<&str>,
        request: &CreateRequest,
    ) -> Result<Created> {
        let why = "the daemon writes down what the container is to be";
        let asked = self.post("/containers/create", why);
        let asked = asked.maybe("name", name).maybe("platform", platform);
        asked.json(request)?.send().await?.json().await
    }

    /// Starts it; `false` when it ran already.
    pub async fn start(&self, id: &str) -> Result<bool> {
        let why = "the daemon has a shim make the processes";
        let reply = self.post(&path(id, "/start"), why).send().await?;
        Ok(reply.status() != 304)
    }

    /// Takes its streams over; ask before it starts, and nothing is missed.
    pub async fn attach(&self, id: &str, attach: &Attach) -> Result<Hijacked> {
        let why = "the connection becomes the container's streams";
        let request = self.post(&path(id, "/attach"), why).flag("stream", true);
        request
            .flag("stdin", attach.stdin)
            .flag("stdout", attach.stdout)
            .flag("stderr", attach.stderr)
            .maybe("detachKeys", attach.detach_keys.as_deref())
            .hijack()
            .await
    }

    /// Begins to wait; when this returns, the daemon watches.
    pub async fn wait(&self, id: &str, until: WaitUntil) -> Result<Wait> {
        let why = "who waits before the start cannot miss the end";
        let condition = match until {
            WaitUntil::NotRunning => "not-running",
            WaitUntil::NextExit => "next-exit",
            WaitUntil::Removed => "removed",
        };
        let request = self.post(&path(id, "/wait"), why);
        request.query("condition", condition).send().await.map(Wait)
    }

    /// `GET /containers/json`.
    pub async fn containers(
        &self,
        all: bool,
        limit: Option<i64>,
        size: bool,
        filters: &Filters,
    ) -> Result<Vec<ContainerSummary>> {
        let request = self.get("/containers/json", "the containers, newest first");
        let reply = request
            .flag("all", all)
            .maybe("limit", limit.map(|limit| limit.to_string()))
            .flag("size", size)
            .maybe("filters", (!filters.is_empty()).then(|| filters.to_json()))
            .send()
            .await?;
        reply.json().await
    }

    /// `GET /containers/{id}/json`.
    pub async fn container(&self, id: &str) -> Result<ContainerInspect> {
        let why = "whether it has a terminal and runs";
        self.get(&path(id, "/json"), why).send().await?.json().await
    }

    /// The same as the daemon wrote it, or `None`.
    pub async fn container_document(&self, id: &str) -> Result<Option<String>> {
        let why = "all that the daemon knows of it";
        self.document(&path(id, "/json"), why).await
    }

    /// Both logs, as frames, or as bytes when the container has a terminal.
    pub async fn logs(&self, id: &str, logs: &Logs) -> Result<Body> {
        let request = self.get(&path(id, "/logs"), "what it wrote");
        let reply = request
            .query("stdout", "1")
            .query("stderr", "1")
            .flag("follow", logs.follow)
            .flag("timestamps", logs.timestamps)
            .maybe("tail", logs.tail.as_deref())
            .maybe("since", logs.since.as_deref())
            .maybe("until", logs.until.as_deref())
            .send()
            .await?;
        Ok(reply.body())
    }

    /// Asks it to end, and kills it after `seconds`.
    pub async fn stop(
        &self,
        id: &str,
        seconds: Option<i64>,
        signal: Option<&str>,
    ) -> Result<()> {
        let why = "its stop signal, then SIGKILL";
        let request = self.post(&path(id, "/stop"), why);
        let request = request.maybe("t", seconds.map(|seconds| seconds.to_string()));
        request.maybe("signal", signal).send().await.map(drop)
    }

    /// Stops it, if it runs, and starts it.
    pub async fn restart(
        &self,
        id: &str,
        seconds: Option<i64>,
        signal: Option<&str>,
    ) -> Result<()> {
        let request = self.post(&path(id, "/restart"), "a stop and a start");
        let request = request.maybe("t", seconds.map(|seconds| seconds.to_string()));
        request.maybe("signal", signal).send().await.map(drop)
    }

    /// Sends a signal, by name or number, to its first process.
    pub async fn kill(&self, id: &str, signal: Option<&str>) -> Result<()> {
        let request = self.post(&path(id, "/kill"), "a signal for its first process");
        request.maybe("signal", signal).send().await.map(drop)
    }

    /// Removes it, running or not when `force`, and its anonymous volumes.
    pub async fn remove(&self, id: &str, force: bool, volumes: bool) -> Result<()> {
        let request = self.delete(&path(id, ""), "nothing of it stays");
        let request = request.flag("force", force).flag("v", volumes);
        request.send().await.map(drop)
    }

    /// Freezes all of its processes.
    pub async fn pause(&self, id: &str) -> Result<()> {
        let request = self.post(&path(id, "/pause"), "its cgroup is frozen");
        request.send().await.map(drop)
    }

    /// Thaws them.
    pub async fn unpause(&self, id: &str) -> Result<()> {
        let request = self.post(&path(id, "/unpause"), "its cgroup is thawed");
        request.send().await.map(drop)
    }

    /// Gives it another name.
    pub async fn rename(&self, id: &str, name: &str) -> Result<()> {
        let request = self.post(&path(id, "/rename"), "another name");
        request.query("name", name).send().await.map(drop)
    }

    /// Its processes, as ps(1) with `arguments` shows them.
    pub async fn top(&self, id: &str, arguments: Option<&str>) -> Result<Top> {
        let request = self.get(&path(id, "/top"), "its processes");
        let request = request.maybe("ps_args", arguments);
        request.send().await?.json().await
    }

    /// Tells its terminal how large ours is.
    pub async fn resize(&self, id: &str, rows: u16, columns: u16) -> Result<()> {
        let why = "its terminal is as large as ours";
        let request = self.post(&path(id, "/resize"), why);
        let request = request.query("h", rows.to_string());
        request
            .query("w", columns.to_string())
            .send()
            .await
            .map(drop)
    }
}
