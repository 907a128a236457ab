//! Volumes.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

use std::collections::BTreeMap;

tolerant! {
    /// `GET /volumes/{name}`.
    pub struct Volume {
        pub created_at: String,
        pub driver: String,
        pub labels: Option<BTreeMap<String, String>>,
        pub mountpoint: String,
        pub name: String,
        pub options: Option<BTreeMap<String, String>>,
        pub scope: String,
    }

    /// `GET /volumes`.
    pub struct VolumeList {
        pub volumes: Vec<Volume>,
        pub warnings: Option<Vec<String>>,
    }

    /// `POST /volumes/create`.
    pub struct VolumeCreate {
        pub name: String,
        pub driver: String,
        pub driver_opts: BTreeMap<String, String>,
        pub labels: BTreeMap<String, String>,
    }
}
