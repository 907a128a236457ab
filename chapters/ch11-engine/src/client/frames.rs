//! Standard output and standard error in one stream: frames of the Engine API.
//!
//! A frame is `[channel, 0, 0, 0, length (4 bytes, big endian)]` and that many bytes
//! (Engine API, "Stream format" of container attach). With a terminal there are no
//! frames: the bytes are the terminal's.

use anyhow::{Result, bail};

/// Which of the two a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The state between two reads: a frame may be cut anywhere.
#[derive(Debug, Default)]
pub struct Frames {
    header: Vec<u8>,
    left: usize,
}

impl Frames {
    /// Takes the next `bytes` of the stream and gives what they carry, in order.
    ///
    /// # Errors
    /// When a frame is of no known channel: then the stream is not made of frames.
    pub fn feed<'b>(&mut self, mut bytes: &'b [u8]) -> Result<Vec<(Channel, &'b [u8])>> {
        let mut parts = Vec::new();
        while !bytes.is_empty() {
            if self.left == 0 {
                let wanted = (8 - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..wanted]);
                bytes = &bytes[wanted..];
                if self.header.len() < 8 {
                    break;
                }
                self.left = length(&self.header);
            }
            let channel = match self.header.first() {
                Some(0 | 1) => Channel::Out,
                Some(2 | 3) => Channel::Err,
                other => bail!("unrecognized stream: {}", other.unwrap_or(&0)),
            };
            let (part, rest) = bytes.split_at(self.left.min(bytes.len()));
            if !part.is_empty() {
                parts.push((channel, part));
            }
            self.left -= part.len();
            bytes = rest;
            if self.left == 0 {
                self.header.clear();
            }
        }
        Ok(parts)
    }
}

fn length(header: &[u8]) -> usize {
    header[4..8]
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(channel: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&[channel, 0, 0, 0], length.as_slice(), bytes].concat()
    }

    #[test]
    fn an_unknown_channel_is_an_error() {
        assert!(Frames::default().feed(&frame(9, b"x")).is_err());
        assert!(Frames::default().feed(b"plain text").is_err());
    }

    proptest! {
        #[test]
        fn wherever_the_stream_is_cut_the_bytes_are_the_same(
            parts in prop::collection::vec((1_u8..=2, prop::collection::vec(any::<u8>(), 0..50)), 0..8),
            step in 1_usize..20,
        ) {
            let stream: Vec<u8> = parts.iter().flat_map(|(channel, bytes)| frame(*channel, bytes)).collect();
            let mut frames = Frames::default();
            let mut got = [Vec::new(), Vec::new()];
            for piece in stream.chunks(step) {
                for (channel, bytes) in frames.feed(piece).unwrap() {
                    got[usize::from(channel == Channel::Err)].extend_from_slice(bytes);
                }
            }
            let wanted = [1, 2].map(|wanted| parts.iter()
                .filter(|(channel, _)| *channel == wanted)
                .flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>());
            prop_assert_eq!(got, wanted);
        }
    }
}
