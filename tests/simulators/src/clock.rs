//! Clocks: the machine's own, and one that a test turns by hand.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use wire::SystemClock;

/// A clock that stands still until it is moved. Sleeping moves it.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(now)) }
    }

    /// Shows `now` from here on, be it earlier or later.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves on by `pause`; stops at the end of time.
    pub fn advance(&self, pause: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        *now = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, pause: Duration) {
        self.advance(pause);
    }
}
