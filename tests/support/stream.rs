//! What has come out of a program so far, read by a thread of its own.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// More output than this is not kept.
const KEPT: usize = 16 << 20;

/// What a thread has read so far.
pub(crate) struct Stream {
    state: Mutex<(Vec<u8>, bool)>,
    news: Condvar,
}

impl Stream {
    /// Reads `source` to its end on a thread of its own.
    pub(crate) fn of(source: Option<impl Read + Send + 'static>) -> Arc<Self> {
        let stream = Arc::new(Self {
            state: Mutex::default(),
            news: Condvar::new(),
        });
        let Some(mut source) = source else {
            return stream;
        };
        let ours = Arc::clone(&stream);
        thread::spawn(move || {
            let mut piece = [0; 64 << 10];
            // A terminal whose other end is gone answers EIO: that is its end of file.
            while let Ok(n @ 1..) = source.read(&mut piece) {
                ours.add(&piece[..n]);
            }
            ours.state.lock().expect("no reader panics").1 = true;
            ours.news.notify_all();
        });
        stream
    }

    fn add(&self, bytes: &[u8]) {
        let mut state = self.state.lock().expect("no reader panics");
        let room = KEPT.saturating_sub(state.0.len()).min(bytes.len());
        state.0.extend_from_slice(&bytes[..room]);
        self.news.notify_all();
    }

    pub(crate) fn text(&self) -> String {
        let state = self.state.lock().expect("no reader panics");
        String::from_utf8_lossy(&state.0).into_owned()
    }

    /// Waits until `enough` says so of (text, ended), or the end; `None` if neither
    /// comes within `limit`.
    pub(crate) fn wait_until(
        &self,
        limit: Duration,
        enough: impl Fn(&str, bool) -> bool,
    ) -> Option<String> {
        let end = Instant::now() + limit;
        let mut state = self.state.lock().expect("no reader panics");
        loop {
            let text = String::from_utf8_lossy(&state.0);
            if state.1 || enough(&text, state.1) {
                return Some(text.into_owned());
            }
            let left = end.checked_duration_since(Instant::now())?;
            state = self
                .news
                .wait_timeout(state, left)
                .expect("no reader panics")
                .0;
        }
    }
}
