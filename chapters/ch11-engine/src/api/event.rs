//! Events: what happened to whom, and when.
#![expect(
    missing_docs,
    reason = "field for field the Engine API's, which describes them"
)]

use std::collections::BTreeMap;

tolerant! {
    /// One line of `GET /events`.
    pub struct Event {
        /// For old clients: as [`Event::action`].
        #[serde(rename = "status", skip_serializing_if = "String::is_empty")]
        pub status: String,
        #[serde(rename = "id", skip_serializing_if = "String::is_empty")]
        pub id: String,
        #[serde(rename = "from", skip_serializing_if = "String::is_empty")]
        pub from: String,
        /// `container`, `image`, `network`, `volume`, `daemon`.
        #[serde(rename = "Type")]
        pub kind: String,
        pub action: String,
        pub actor: Actor,
        #[serde(rename = "scope")]
        pub scope: String,
        /// Seconds since 1970.
        #[serde(rename = "time")]
        pub time: i64,
        #[serde(rename = "timeNano")]
        pub time_nano: i64,
    }

    pub struct Actor {
        #[serde(rename = "ID")]
        pub id: String,
        pub attributes: BTreeMap<String, String>,
    }
}
