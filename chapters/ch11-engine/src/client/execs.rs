//! Requests about one more process in a running container.

use anyhow::Result;

use super::Client;
use super::http::{Hijacked, escape};
use crate::api::exec::{ExecConfig, ExecCreated, ExecInspect, ExecStart};

#[expect(clippy::missing_errors_doc, reason = "each: what the daemon refuses")]
impl Client {
    /// Describes the process; nothing runs yet.
    pub async fn exec_create(&self, id: &str, config: &ExecConfig) -> Result<String> {
        let path = format!("/containers/{}/exec", escape(id));
        let request = self.post(&path, "what is to run in the container");
        let created: ExecCreated = request.json(config)?.send().await?.json().await?;
        Ok(created.id)
    }

    /// Starts it and takes its streams over.
    pub async fn exec_attach(&self, exec: &str, start: &ExecStart) -> Result<Hijacked> {
        let path = format!("/exec/{}/start", escape(exec));
        let why = "it runs, and the connection becomes its streams";
        self.post(&path, why).json(start)?.hijack().await
    }

    /// Starts it and lets it go.
    pub async fn exec_start(&self, exec: &str, start: &ExecStart) -> Result<()> {
        let path = format!("/exec/{}/start", escape(exec));
        let request = self.post(&path, "it runs on its own");
        request.json(start)?.send().await.map(drop)
    }

    /// Whether it runs, or how it ended.
    pub async fn exec_inspect(&self, exec: &str) -> Result<ExecInspect> {
        let path = format!("/exec/{}/json", escape(exec));
        self.get(&path, "how it ended").send().await?.json().await
    }

    /// Tells its terminal how large ours is.
    pub async fn exec_resize(&self, exec: &str, rows: u16, columns: u16) -> Result<()> {
        let path = format!("/exec/{}/resize", escape(exec));
        let request = self.post(&path, "its terminal is as large as ours");
        let request = request.query("h", rows.to_string());
        request
            .query("w", columns.to_string())
            .send()
            .await
            .map(drop)
    }
}
