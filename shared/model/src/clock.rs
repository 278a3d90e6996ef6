use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// Time, handed in, so that a test can replay any history.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Comes back after `pause`.
    async fn sleep(&self, pause: Duration);
}

/// Randomness, handed in for the same reason.
pub trait Random: Send + Sync {
    /// A number evenly spread over all of `u64`.
    fn next_u64(&self) -> u64;
}
