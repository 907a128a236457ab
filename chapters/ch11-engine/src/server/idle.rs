//! When nobody asks anything any more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts what is under way, and knows when it last was something.
#[derive(Debug, Clone)]
pub(super) struct Idle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    under_way: AtomicUsize,
    last: Mutex<Instant>,
}

/// Something under way.
#[derive(Debug)]
pub(super) struct Guard(Arc<Inner>);

impl Default for Idle {
    fn default() -> Self {
        let last = Mutex::new(Instant::now());
        Self(Arc::new(Inner {
            under_way: AtomicUsize::new(0),
            last,
        }))
    }
}

impl Idle {
    /// Something is under way as long as the guard lives.
    pub(super) fn guard(&self) -> Guard {
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        Guard(Arc::clone(&self.0))
    }

    /// Resolves when nothing was under way for as long as `limit`, and `busy` says no.
    pub(super) async fn wait(&self, limit: Duration, busy: impl Fn() -> bool) {
        loop {
            let rest = limit.saturating_sub(self.idle_for());
            if rest.is_zero() {
                if !busy() {
                    return;
                }
                // Containers end without asking: they count as asked until now.
                self.0.touch();
                continue;
            }
            tokio::time::sleep(rest).await;
        }
    }

    fn idle_for(&self) -> Duration {
        if self.0.under_way.load(Ordering::SeqCst) > 0 {
            return Duration::ZERO;
        }
        self.0
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

impl Inner {
    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.touch();
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idle_is_what_nobody_disturbs() {
        let idle = Idle::default();
        let limit = Duration::from_millis(30);
        let guard = idle.guard();
        let waits = tokio::time::timeout(limit * 3, idle.wait(limit, || false));
        assert!(waits.await.is_err(), "a request is under way");
        drop(guard);
        let waits = tokio::time::timeout(limit * 3, idle.wait(limit, || true));
        assert!(waits.await.is_err(), "a container lives");
        let waits = tokio::time::timeout(limit * 30, idle.wait(limit, || false));
        assert!(waits.await.is_ok());
    }
}
