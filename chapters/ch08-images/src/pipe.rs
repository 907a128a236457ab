//! A pipe between two threads of a pull: chunks in a bounded queue.
//!
//! Its end is said, not guessed: a reader whose writer failed gets an error instead of
//! an end of file, so that a cut stream is never taken for a whole one.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Below malloc's limit for mappings of their own, which cost a page fault a page.
const CHUNK: usize = 64 << 10;
/// How far the writer may be ahead.
const AHEAD: usize = 16;

/// The writing end.
pub(crate) struct Writer(SyncSender<Vec<u8>>);

/// The reading end.
pub(crate) struct Reader {
    chunks: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

/// Makes a pipe.
pub(crate) fn pipe() -> (Writer, Reader) {
    let (sender, chunks) = sync_channel(AHEAD);
    let reader = Reader {
        chunks,
        chunk: Vec::new(),
        at: 0,
        ended: false,
    };
    (Writer(sender), reader)
}

impl Writer {
    /// Sends all of `source`, then its end. Where nobody reads any more, it stops.
    pub(crate) fn send_all(self, source: &mut impl Read) -> io::Result<()> {
        loop {
            let mut chunk = vec![0; CHUNK];
            let mut length = 0;
            while length < CHUNK {
                match source.read(&mut chunk[length..]) {
                    Ok(0) => break,
                    Ok(more) => length += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            chunk.truncate(length);
            // An empty chunk is the end.
            if !self.send(chunk) || length == 0 {
                return Ok(());
            }
        }
    }

    /// Sends a chunk; an empty one is the end. False when nobody reads any more.
    pub(crate) fn send(&self, chunk: Vec<u8>) -> bool {
        self.0.send(chunk).is_ok()
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && !self.ended {
            let text = "the stream was cut off";
            let cut = |_| io::Error::new(io::ErrorKind::UnexpectedEof, text);
            self.chunk = self.chunks.recv().map_err(cut)?;
            self.at = 0;
            self.ended = self.chunk.is_empty();
        }
        let length = buffer.len().min(self.chunk.len() - self.at);
        buffer[..length].copy_from_slice(&self.chunk[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_to_its_end() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 7).map(|n| n.to_le_bytes()[0]).collect();
        let (writer, mut reader) = pipe();
        let mut read = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| writer.send_all(&mut bytes.as_slice()).unwrap());
            reader.read_to_end(&mut read).unwrap();
        });
        assert!(read == bytes);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_writer_that_fails_gives_an_error_and_a_reader_that_leaves_none() {
        let (writer, mut reader) = pipe();
        assert!(writer.send(b"abc".to_vec()));
        drop(writer);
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let (writer, reader) = pipe();
        drop(reader);
        writer.send_all(&mut io::repeat(1)).unwrap();
    }
}
