//! Bodies that are written while they are read.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender};

use super::idle::Guard;

/// A body that ends when its sender is dropped. The sender waits while nobody reads,
/// and fails when nobody will.
pub(super) fn channel() -> (Sender<Vec<u8>>, Body) {
    let (send, receive) = tokio::sync::mpsc::channel(4);
    (send, Body::new(Streamed(receive)))
}

/// A body under way as long as it is read.
pub(super) fn guarded(body: Body, guard: Guard) -> Body {
    Body::new(Guarded {
        body,
        _guard: guard,
    })
}

struct Streamed(Receiver<Vec<u8>>);

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|next| next.map(|bytes| Ok(Frame::data(Bytes::from(bytes)))))
    }
}

struct Guarded {
    body: Body,
    _guard: Guard,
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
