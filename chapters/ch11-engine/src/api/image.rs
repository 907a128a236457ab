//! Images: listed, inspected, and the progress of getting one.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

use std::collections::BTreeMap;

use serde_json::Value;

use super::container::ContainerConfig;

tolerant! {
    /// One line of `GET /images/json`.
    pub struct ImageSummary {
        pub id: String,
        pub parent_id: String,
        pub repo_tags: Vec<String>,
        pub repo_digests: Vec<String>,
        /// Seconds since 1970.
        pub created: i64,
        pub size: i64,
        /// -1: not computed.
        pub shared_size: i64,
        pub labels: BTreeMap<String, String>,
        /// -1: not computed.
        pub containers: i64,
    }

    /// `GET /images/{name}/json`.
    pub struct ImageInspect {
        pub id: String,
        pub repo_tags: Vec<String>,
        pub repo_digests: Vec<String>,
        pub parent: String,
        pub comment: String,
        pub created: String,
        pub docker_version: String,
        pub author: String,
        pub config: ContainerConfig,
        pub architecture: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub variant: String,
        pub os: String,
        pub size: i64,
        pub graph_driver: super::container::GraphDriver,
        #[serde(rename = "RootFS")]
        pub root_fs: RootFs,
        pub metadata: ImageMetadata,
    }

    pub struct RootFs {
        #[serde(rename = "Type")]
        pub kind: String,
        pub layers: Vec<String>,
    }

    pub struct ImageMetadata {
        pub last_tag_time: String,
    }

    /// One line of the answer to `DELETE /images/{name}`.
    pub struct ImageDeleted {
        #[serde(skip_serializing_if = "String::is_empty")]
        pub untagged: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        pub deleted: String,
    }

    /// One line of a pull's (push's, load's, build's) answer; all keys in small letters.
    pub struct ProgressLine {
        #[serde(rename = "stream", skip_serializing_if = "String::is_empty")]
        pub stream: String,
        #[serde(rename = "status", skip_serializing_if = "String::is_empty")]
        pub status: String,
        #[serde(rename = "progressDetail", skip_serializing_if = "Option::is_none")]
        pub progress_detail: Option<ProgressDetail>,
        /// The bar, drawn, for clients that do not draw it.
        #[serde(rename = "progress", skip_serializing_if = "String::is_empty")]
        pub progress: String,
        #[serde(rename = "id", skip_serializing_if = "String::is_empty")]
        pub id: String,
        #[serde(rename = "errorDetail", skip_serializing_if = "Option::is_none")]
        pub error_detail: Option<ErrorDetail>,
        #[serde(rename = "error", skip_serializing_if = "String::is_empty")]
        pub error: String,
        #[serde(rename = "aux", skip_serializing_if = "Option::is_none")]
        pub aux: Option<Value>,
    }

    pub struct ProgressDetail {
        #[serde(rename = "current", skip_serializing_if = "Option::is_none")]
        pub current: Option<i64>,
        #[serde(rename = "total", skip_serializing_if = "Option::is_none")]
        pub total: Option<i64>,
    }

    pub struct ErrorDetail {
        #[serde(rename = "code", skip_serializing_if = "Option::is_none")]
        pub code: Option<i64>,
        #[serde(rename = "message")]
        pub message: String,
    }
}
