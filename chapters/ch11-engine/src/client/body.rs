//! The rest of an answer: bytes as they come, or a document a line.

use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use serde::de::DeserializeOwned;

/// The rest of an answer, piece by piece as it comes.
#[derive(Debug)]
pub struct Body(Incoming);

impl Body {
    pub(super) fn of(body: Incoming) -> Self {
        Self(body)
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.0.frame().await {
            let frame = frame.context("read the daemon's answer")?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The lines of it, for answers that are one JSON document a line.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines {
            body: self,
            held: Vec::new(),
        }
    }
}

/// An answer, line by line.
#[derive(Debug)]
pub struct Lines {
    body: Body,
    held: Vec<u8>,
}

impl Lines {
    /// The next line that is not empty, as the document that it is.
    ///
    /// # Errors
    /// When the connection breaks or the line is no such document.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        loop {
            let (line, more) = match self.held.iter().position(|byte| *byte == b'\n') {
                Some(end) => (self.held.drain(..=end).collect::<Vec<u8>>(), true),
                None => match self.body.next().await? {
                    Some(bytes) => {
                        self.held.extend_from_slice(&bytes);
                        continue;
                    }
                    None => (std::mem::take(&mut self.held), false),
                },
            };
            let line = line.trim_ascii();
            if !line.is_empty() {
                let document = serde_json::from_slice(line);
                return document.map(Some).context("understand the daemon's answer");
            }
            if !more {
                return Ok(None);
            }
        }
    }
}
