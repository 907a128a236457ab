//! Requests about images.

use anyhow::Result;

use super::Client;
use super::body::Lines;
use super::http::escape;
use crate::api::Filters;
use crate::api::image::{ImageDeleted, ImageSummary};

#[expect(clippy::missing_errors_doc, reason = "each: what the daemon refuses")]
impl Client {
    /// Fetches an image: one [`crate::api::image::ProgressLine`] a line, of which one
    /// that has an error is the last.
    pub async fn pull(
        &self,
        name: &str,
        tag: &str,
        platform: Option<&str>,
    ) -> Result<Lines> {
        let request = self.post("/images/create", "the daemon fetches the image");
        let reply = request
            .query("fromImage", name)
            .query("tag", tag)
            .maybe("platform", platform)
            .send()
            .await?;
        Ok(reply.body().lines())
    }

    /// `GET /images/json`.
    pub async fn images(
        &self,
        all: bool,
        digests: bool,
        filters: &Filters,
    ) -> Result<Vec<ImageSummary>> {
        let request = self.get("/images/json", "the images, newest first");
        let reply = request
            .flag("all", all)
            .flag("digests", digests)
            .maybe("filters", (!filters.is_empty()).then(|| filters.to_json()))
            .send()
            .await?;
        reply.json().await
    }

    /// `GET /images/{name}/json` as the daemon wrote it, or `None`.
    pub async fn image_document(&self, name: &str) -> Result<Option<String>> {
        let path = format!("/images/{}/json", escape(name));
        self.document(&path, "all that the daemon knows of it")
            .await
    }

    /// Takes a name away, and with the last one the image.
    pub async fn remove_image(
        &self,
        name: &str,
        force: bool,
        keep_parents: bool,
    ) -> Result<Vec<ImageDeleted>> {
        let path = format!("/images/{}", escape(name));
        let request = self.delete(&path, "a name less, or an image less");
        let request = request.flag("force", force).flag("noprune", keep_parents);
        request.send().await?.json().await
    }

    /// Gives an image one more name.
    pub async fn tag(&self, image: &str, repository: &str, tag: &str) -> Result<()> {
        let path = format!("/images/{}/tag", escape(image));
        let request = self.post(&path, "one more name");
        let request = request.query("repo", repository).query("tag", tag);
        request.send().await.map(drop)
    }
}
