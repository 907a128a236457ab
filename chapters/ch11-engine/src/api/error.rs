//! What every refusal looks like on the wire.

tolerant! {
    /// The body of every answer above 399.
    pub struct ErrorMessage {
        /// What went wrong, in words that clients match on.
        #[serde(rename = "message")]
        pub message: String,
    }
}
