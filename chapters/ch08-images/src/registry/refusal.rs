//! What a registry means when it refuses, in docker's words: scripts look for them.

use std::io::Read;

use anyhow::anyhow;
use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::Registry;
use crate::error::Error;

#[derive(Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Registry {
    /// The error that a registry's answer means, in docker's words.
    pub(super) fn refusal(&self, mut response: Response<Body>) -> anyhow::Error {
        let status = response.status();
        let mut bytes = Vec::new();
        let body = response.body_mut().as_reader();
        let _ = body.take(64 << 10).read_to_end(&mut bytes);
        let complaint = serde_json::from_slice::<Complaints>(&bytes).ok();
        let complaint = complaint.and_then(|all| all.errors.into_iter().next());
        let Some(Complaint { code, message }) = complaint else {
            let text = format!("the registry answers {status}");
            return match status {
                StatusCode::NOT_FOUND => self.not_found("manifest unknown"),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.denied(&text),
                _ => anyhow!(text),
            };
        };
        let said = format!("{}: {message}", code.to_lowercase().replace('_', " "));
        match code.as_str() {
            "MANIFEST_UNKNOWN" => self.not_found(&said),
            "NAME_UNKNOWN" => {
                let name = self.reference.familiar_name();
                Error::NotFound(format!("repository {name} not found: {said}")).into()
            }
            "DENIED" | "UNAUTHORIZED" => self.denied(&said),
            _ => anyhow!("{said}"),
        }
    }

    fn not_found(&self, said: &str) -> anyhow::Error {
        let name = self.reference.familiar();
        Error::NotFound(format!("manifest for {name} not found: {said}")).into()
    }

    pub(super) fn denied(&self, said: &str) -> anyhow::Error {
        let name = self.reference.familiar_name();
        let text = format!(
            "pull access denied for {name}, repository does not exist or may require \
             'docker login': {said}"
        );
        Error::Denied(text).into()
    }
}
