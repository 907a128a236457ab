//! How a pull tells what it does, in docker's words.

use crate::digest::Digest;

/// Something happened; the texts are those that docker's clients show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A pull begins.
    PullingFrom {
        /// The repository in its registry: `library/busybox`.
        repository: String,
        /// The tag, or the digest, that is pulled.
        tag: String,
    },
    /// A layer is at `status`.
    Layer {
        /// The twelve hex digits of its digest.
        id: String,
        /// Where it is.
        status: LayerStatus,
        /// Bytes so far, where bytes are counted.
        current: u64,
        /// Bytes in all, zero when unknown.
        total: u64,
    },
    /// The digest of what the name means in the registry.
    Digest(Digest),
    /// The last line: whether the image is new.
    Status(String),
}

/// Where a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerStatus {
    /// It is needed.
    PullingFsLayer,
    /// Others go first.
    Waiting,
    /// Its bytes arrive.
    Downloading,
    /// The connection broke; it will be tried again.
    Retrying,
    /// All bytes are here.
    VerifyingChecksum,
    /// Its digest is right.
    DownloadComplete,
    /// Its files are being written.
    Extracting,
    /// It is there.
    PullComplete,
    /// It was there before.
    AlreadyExists,
}

impl LayerStatus {
    /// Docker's word for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::PullingFsLayer => "Pulling fs layer",
            Self::Waiting => "Waiting",
            Self::Downloading => "Downloading",
            Self::Retrying => "Retrying",
            Self::VerifyingChecksum => "Verifying Checksum",
            Self::DownloadComplete => "Download complete",
            Self::Extracting => "Extracting",
            Self::PullComplete => "Pull complete",
            Self::AlreadyExists => "Already exists",
        }
    }
}

impl Progress {
    /// The id and the text of the line that docker shows.
    pub fn line(&self) -> (Option<&str>, String) {
        match self {
            Self::PullingFrom { repository, tag } => {
                (Some(tag), format!("Pulling from {repository}"))
            }
            Self::Layer { id, status, .. } => (Some(id), status.text().to_owned()),
            Self::Digest(digest) => (None, format!("Digest: {digest}")),
            Self::Status(text) => (None, text.clone()),
        }
    }
}
