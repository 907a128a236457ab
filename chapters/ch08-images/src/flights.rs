//! Layers on their way: of many threads that want one, a single one fetches it.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::digest::Digest;

/// What some thread is at.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    under_way: Mutex<HashSet<Digest>>,
    ended: Condvar,
}

/// The right to fetch one layer; given back when dropped.
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    layer: Digest,
}

impl Flights {
    /// Waits until no other thread is at `layer`, then takes it on. Whoever waited must
    /// look again whether there is still something to do.
    pub(crate) fn take(&self, layer: &Digest) -> Flight<'_> {
        let under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut under_way = self
            .ended
            .wait_while(under_way, |under_way| under_way.contains(layer))
            .unwrap_or_else(PoisonError::into_inner);
        under_way.insert(layer.clone());
        Flight {
            flights: self,
            layer: layer.clone(),
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let under_way = self.flights.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.layer);
        self.flights.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn only_one_thread_at_a_time_is_at_a_layer() {
        let flights = Flights::default();
        let layer = Digest::of(b"layer");
        let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _flight = flights.take(&layer);
                    let at = now.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(at, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert!(flights.under_way.lock().unwrap().is_empty());
    }
}
