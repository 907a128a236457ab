//! zstd streams: frame after frame (RFC 8878, section 3), some of them to be skipped.
//!
//! Layers of podman's `zstd:chunked` kind have such frames, which hold a table of
//! contents for others to use.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The content of all frames of a stream.
pub(crate) struct Frames<R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    /// Whether a frame was begun.
    within: bool,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source: BufReader::with_capacity(128 << 10, source),
            // Windows of more than 128 MiB are refused, as memory is needed for them.
            decoder: FrameDecoder::new(),
            within: false,
        }
    }

    /// Begins the next frame; false at the end of the stream.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Err(FrameDecoderError::ReadFrameHeaderError(
                    ReadFrameHeaderError::SkipFrame { length, .. },
                )) => {
                    let mut frame = (&mut self.source).take(u64::from(length));
                    io::copy(&mut frame, &mut io::sink())?;
                }
                Err(error) => return Err(invalid(&error)),
                Ok(()) => return Ok(true),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within && !self.begin()? {
                return Ok(0);
            }
            self.within = true;
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished()
            {
                let more = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.decoder
                    .decode_blocks(&mut self.source, more)
                    .map_err(|error| invalid(&error))?;
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            self.within = false;
        }
    }
}

fn invalid(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    #[test]
    fn frames_follow_each_other_and_some_are_skipped() {
        let mut stream = compress_to_vec(&b"one "[..], CompressionLevel::Fastest);
        stream.extend([0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        stream.extend(compress_to_vec(&b"two"[..], CompressionLevel::Fastest));
        let mut text = String::new();
        Frames::new(stream.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one two");
        let cut = &stream[..stream.len() - 1];
        assert!(Frames::new(cut).read_to_end(&mut Vec::new()).is_err());
        let garbage = [stream.as_slice(), b"garbage"].concat();
        assert!(
            Frames::new(&garbage[..])
                .read_to_end(&mut Vec::new())
                .is_err()
        );
    }
}
