//! A blob on its way: read in pieces, taken up again where a connection broke.

use std::io::Read;

use anyhow::{Result, anyhow, ensure};
use ureq::BodyReader;
use ureq::http::StatusCode;

use super::{Failure, Registry, TRIES};
use crate::manifest::Descriptor;

/// The bytes of one blob, exactly as many as its descriptor says.
pub(crate) struct Download<'a> {
    registry: &'a Registry,
    blob: &'a Descriptor,
    /// How many bytes came.
    at: u64,
    body: Option<BodyReader<'static>>,
    failures: u32,
}

impl<'a> Download<'a> {
    pub(crate) fn new(registry: &'a Registry, blob: &'a Descriptor) -> Self {
        Self {
            registry,
            blob,
            at: 0,
            body: None,
            failures: 0,
        }
    }

    /// Reads the next bytes, none at the end. `retrying` is told before each new try.
    ///
    /// # Errors
    /// The connection broke too often, or the blob has another length than it should.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        retrying: &mut dyn FnMut(),
    ) -> Result<usize> {
        loop {
            self.registry.check_canceled()?;
            match self.piece(buffer) {
                Ok(length) => return Ok(length),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) => {
                    self.body = None;
                    self.failures += 1;
                    if self.failures == TRIES {
                        return Err(error.context(format!("tried {TRIES} times")));
                    }
                    retrying();
                    self.registry.pause(self.failures)?;
                }
            }
        }
    }

    fn piece(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let left = self.blob.size - self.at;
        let mut body = match self.body.take() {
            Some(body) if left == 0 => return self.end(body),
            Some(body) => body,
            None if left == 0 => return Ok(0),
            None => self.open()?,
        };
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let length = body.read(&mut buffer[..most]).map_err(passing)?;
        if length == 0 {
            let text = format!(
                "the blob ends after {} of {} bytes",
                self.at, self.blob.size
            );
            return Err(Failure::Passing(anyhow!(text)));
        }
        self.at += length as u64;
        self.body = Some(body);
        Ok(length)
    }

    /// Sees that nothing follows.
    fn end(&mut self, mut body: BodyReader<'static>) -> Result<usize, Failure> {
        // Some servers end a whole body with an error; all bytes are here.
        let more = body.read(&mut [0]).unwrap_or(0);
        self.body = Some(body);
        check_end(more, self.blob)?;
        Ok(0)
    }

    /// Asks for the blob, or for the rest of it.
    fn open(&self) -> Result<BodyReader<'static>, Failure> {
        let response = self.registry.blob(&self.blob.digest, self.at)?;
        let partial = response.status() == StatusCode::PARTIAL_CONTENT;
        let body = response.into_body();
        if let Some(length) = body.content_length() {
            let begin = if partial { self.at } else { 0 };
            check_length(begin.saturating_add(length), self.blob)?;
        }
        let mut body = body.into_reader();
        if !partial {
            // It does not do ranges: what we have is passed over.
            let mut known = (&mut body).take(self.at);
            let passed =
                std::io::copy(&mut known, &mut std::io::sink()).map_err(passing)?;
            if passed < self.at {
                return Err(Failure::Passing(anyhow!("the blob ends early")));
            }
        }
        Ok(body)
    }
}

fn passing(error: std::io::Error) -> Failure {
    Failure::Passing(anyhow!(error).context("read the blob"))
}

fn check_length(length: u64, blob: &Descriptor) -> Result<()> {
    ensure!(
        length == blob.size,
        "the registry has {length} bytes for the blob {}, the manifest says {}",
        blob.digest,
        blob.size
    );
    Ok(())
}

fn check_end(more: usize, blob: &Descriptor) -> Result<()> {
    ensure!(
        more == 0,
        "the blob {} is longer than the {} bytes that the manifest says",
        blob.digest,
        blob.size
    );
    Ok(())
}
