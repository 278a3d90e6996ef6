use super::{Delivery, Handler, InFlight};
use async_trait::async_trait;
use model::Clock;
use std::sync::Arc;
use wire::{Limits, Request, Response, Transport, TransportError};

/// Carries requests to a simulator in the same process, without sockets; waits on the clock it is given.
pub struct InProcess<H> {
    handler: Arc<H>,
    clock: Arc<dyn Clock>,
}

impl<H> InProcess<H> {
    /// A transport to `handler`.
    pub fn new(handler: H, clock: Arc<dyn Clock>) -> Self {
        Self { handler: Arc::new(handler), clock }
    }
}

impl<H> Clone for InProcess<H> {
    fn clone(&self) -> Self {
        Self { handler: Arc::clone(&self.handler), clock: Arc::clone(&self.clock) }
    }
}

#[async_trait]
impl<H: Handler + 'static> Transport for InProcess<H> {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let _in_flight = InFlight::begin(Arc::clone(&self.handler));
        let reply = self.handler.handle(request);
        if reply.delay > limits.timeout {
            // The other side has done its work by then: only the answer comes too late.
            self.clock.sleep(limits.timeout).await;
            return Err(TransportError::NoReply("timed out".to_owned()));
        }
        if !reply.delay.is_zero() {
            self.clock.sleep(reply.delay).await;
        }
        match reply.then {
            Delivery::DropConnection => Err(TransportError::NoReply("connection closed".to_owned())),
            Delivery::Truncate(kept) if kept < reply.response.body().len() => {
                Err(TransportError::NoReply(format!("connection closed after {kept} bytes of the body")))
            }
            _ if reply.response.body().len() > limits.max_body_bytes => {
                Err(TransportError::TooLarge(limits.max_body_bytes))
            }
            _ => Ok(reply.response),
        }
    }
}
