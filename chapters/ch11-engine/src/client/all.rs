//! Several requests at once, on one thread.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Awaits all of `work` at once and gives what each gave, in the order of `work`.
pub async fn all<F: Future>(work: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = work.into_iter().map(Box::pin).collect();
    let mut given: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (one, given) in running.iter_mut().zip(&mut given) {
            if given.is_none()
                && let Poll::Ready(value) = one.as_mut().poll(context)
            {
                *given = Some(value);
            }
        }
        match given.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    given.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use tokio::sync::Barrier;

    use super::all;
    use crate::client::run;

    #[test]
    fn they_run_at_once_and_keep_their_order() {
        let barrier = &Barrier::new(3);
        // Nobody passes the barrier before all have come.
        let wait = |number| async move {
            barrier.wait().await;
            number
        };
        let given = run(async { Ok(all((0..3).map(wait)).await) }).unwrap();
        assert_eq!(given, [0, 1, 2]);
        assert!(
            run(async { Ok(all([wait(0)].into_iter().take(0)).await) })
                .unwrap()
                .is_empty()
        );
    }
}
