//! An ear: what a trial prints is kept as it comes, up to a limit.

use std::io::{PipeReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Listens at the end of one pipe.
pub(super) struct Ear {
    heard: Arc<Mutex<Vec<u8>>>,
    listener: JoinHandle<()>,
}

impl Ear {
    /// Listens at `pipe` until it has no writers, or more than `limit` bytes came: then
    /// the pipe is closed, which stops the talker.
    pub(super) fn at(mut pipe: PipeReader, limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX - 1);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let listener = thread::spawn(move || {
            let mut bytes = [0_u8; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&bytes[..count]);
                if kept.len() > limit {
                    // One byte too many says that there were too many.
                    kept.truncate(limit + 1);
                    return;
                }
            }
        });
        Self { heard, listener }
    }

    /// What has been heard so far.
    pub(super) fn so_far(&self) -> Vec<u8> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    /// All that was heard, when the last writer is gone.
    pub(super) fn into_whole(self) -> Vec<u8> {
        let _ = self.listener.join();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut heard)
    }
}
