use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// A request, complete with its body.
pub type Request = http::Request<Bytes>;
/// A reply, complete with its body.
pub type Response = http::Response<Bytes>;

/// Carries one request to the other side.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` (its URI absolute) and reads the whole reply, in `limits`.
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError>;
}

/// What one exchange may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte sent to the last byte read.
    pub timeout: Duration,
    /// Bytes of body read before the reply counts as too large.
    pub max_body_bytes: usize,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection came about: the request was surely not sent.
    #[error("could not connect: {0}")]
    NotSent(String),
    /// The connection broke or the time ran out after sending began: the request may have arrived.
    #[error("no reply: {0}")]
    NoReply(String),
    /// The reply is larger than the limit. The request has arrived.
    #[error("the reply is larger than {0} bytes")]
    TooLarge(usize),
}
