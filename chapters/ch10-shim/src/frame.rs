//! Frames: how two outputs share one connection, as in docker's attach.
//!
//! Each piece of output is preceded by eight bytes: which stream, three zeros, and the
//! length as a big-endian number. A terminal has a single output, and no frames.

/// Which output a piece came from; the number is the one on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, or a terminal.
    Stdout = 1,
    /// Standard error.
    Stderr = 2,
}

impl Stream {
    /// The name that the log has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// The length of a frame's header.
pub const HEADER: usize = 8;

/// The header of a frame of `length` bytes.
///
/// # Panics
/// Never: the shim reads far less than 4 GiB at a time, and what is longer is cut.
// ANCHOR: header
#[must_use]
pub fn header(stream: Stream, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [stream as u8, 0, 0, 0, a, b, c, d]
}
// ANCHOR_END: header

/// Takes frames apart that arrive in pieces of any size.
#[derive(Debug, Default)]
pub struct Reader {
    header: Vec<u8>,
    left: usize,
}

/// Something that is not a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of a container's output: it begins with {0}")]
pub struct NotAFrame(pub u8);

impl Reader {
    /// Hands every piece of content in `bytes` to `take`, in order; what is missing of
    /// a frame may come with the next call.
    ///
    /// # Errors
    /// When a header names no output stream.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Stream, &[u8]),
    ) -> Result<(), NotAFrame> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let wanted = HEADER - self.header.len();
                let (more, rest) = bytes.split_at(wanted.min(bytes.len()));
                self.header.extend_from_slice(more);
                bytes = rest;
                if self.header.len() == HEADER {
                    self.left = self.length();
                    self.stream()?;
                    if self.left == 0 {
                        self.header.clear();
                    }
                }
                continue;
            }
            let (content, rest) = bytes.split_at(self.left.min(bytes.len()));
            take(self.stream()?, content);
            bytes = rest;
            self.left -= content.len();
            if self.left == 0 {
                self.header.clear();
            }
        }
        Ok(())
    }

    fn length(&self) -> usize {
        let number = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        self.header[4..].iter().fold(0, number)
    }

    fn stream(&self) -> Result<Stream, NotAFrame> {
        match self.header[0] {
            1 => Ok(Stream::Stdout),
            2 => Ok(Stream::Stderr),
            other => Err(NotAFrame(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_back_however_they_are_cut(
            pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..20),
            cut in 1_usize..64,
        ) {
            let (mut wire, mut out, mut err) = (Vec::new(), Vec::new(), Vec::new());
            for (is_error, content) in &pieces {
                let stream = if *is_error { Stream::Stderr } else { Stream::Stdout };
                wire.extend(header(stream, content.len()));
                wire.extend(content);
                if *is_error { &mut err } else { &mut out }.extend(content);
            }
            let (mut reader, mut got_out, mut got_err) = (Reader::default(), Vec::new(), Vec::new());
            for piece in wire.chunks(cut) {
                reader.read(piece, |stream, content| match stream {
                    Stream::Stdout => got_out.extend_from_slice(content),
                    Stream::Stderr => got_err.extend_from_slice(content),
                }).unwrap();
            }
            prop_assert_eq!((got_out, got_err), (out, err));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let refused = Reader::default().read(b"plain text", |_, _| ());
        assert_eq!(refused, Err(NotAFrame(b'p')));
    }
}
