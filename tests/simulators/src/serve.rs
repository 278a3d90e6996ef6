//! Serving a simulator over a socket or in process.

mod in_process;
mod socket;

pub use in_process::InProcess;
pub use socket::{Server, serve};

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A simulated system: takes a request and answers at once. Waiting and losing replies is left to whoever
/// carries the reply back.
pub trait Handler: Send + Sync {
    /// Does what `request` asks, and says what becomes of the reply.
    fn handle(&self, request: http::Request<Bytes>) -> Reply;

    /// A request has arrived; it counts as in flight until [`Handler::end`].
    fn begin(&self) {}

    /// A request's reply has been delivered or lost.
    fn end(&self) {}
}

impl<H: Handler + ?Sized> Handler for Arc<H> {
    fn handle(&self, request: http::Request<Bytes>) -> Reply {
        (**self).handle(request)
    }

    fn begin(&self) {
        (**self).begin();
    }

    fn end(&self) {
        (**self).end();
    }
}

/// What a simulator answers, and how that reaches the client.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer. What was asked has been done, whatever becomes of this.
    pub response: http::Response<Bytes>,
    /// How long the client waits for it.
    pub delay: Duration,
    /// What happens after the wait.
    pub then: Delivery,
}

impl Reply {
    /// A reply that arrives at once and whole.
    pub fn now(response: http::Response<Bytes>) -> Self {
        Self { response, delay: Duration::ZERO, then: Delivery::Deliver }
    }
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    Deliver,
    /// The connection closes without a reply.
    DropConnection,
    /// The connection closes after this many bytes of the body.
    Truncate(usize),
}

/// Counts a request as in flight for as long as it lives, also when the client gives up on it.
struct InFlight<H: Handler>(H);

impl<H: Handler> InFlight<H> {
    fn begin(handler: H) -> Self {
        handler.begin();
        Self(handler)
    }
}

impl<H: Handler> Drop for InFlight<H> {
    fn drop(&mut self) {
        self.0.end();
    }
}
