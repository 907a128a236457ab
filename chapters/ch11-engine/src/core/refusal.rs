//! Why something is not done: one type from the state machine to the socket.

use std::fmt;

/// What kind of refusal; the server makes a status code of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is so already.
    NotModified,
    /// The request makes no sense.
    Bad,
    /// What it names does not exist.
    NotFound,
    /// It exists and is not for this.
    Forbidden,
    /// It makes sense, but not now.
    Conflict,
    /// It makes sense, but this engine cannot.
    Unsupported,
    /// The engine failed.
    Internal,
}

/// A refusal, with the sentence that the user reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status code's part.
    pub kind: Kind,
    /// The sentence; where clients match on docker's, it is docker's.
    pub message: String,
}

impl Refusal {
    /// It is so already.
    pub fn not_modified() -> Self {
        Self::new(Kind::NotModified, "")
    }
    /// The request makes no sense.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Kind::Bad, message)
    }
    /// What it names does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }
    /// It exists and is not for this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, message)
    }
    /// It makes sense, but not now.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }
    /// It makes sense, but this engine cannot.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// An error from below is the engine's failure, unless it carries a refusal.
impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(refusal) => refusal,
            Err(error) => Self::new(Kind::Internal, format!("{error:#}")),
        }
    }
}
