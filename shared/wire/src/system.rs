//! The machine's own clock and randomness: the one place where they come in.

use async_trait::async_trait;
use jiff::Timestamp;
use model::{Clock, Random};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    time::Duration,
};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "real time comes in here and nowhere else")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "real waiting happens here and nowhere else")]
    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// The machine's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl SystemRandom {
    /// Fills `bytes` with what may become a secret, or fails: unlike [`Random`], it never makes do with less.
    pub fn fill_secret(bytes: &mut [u8]) -> Result<(), rustls::Error> {
        let source = rustls::crypto::ring::default_provider().secure_random;
        source.fill(bytes).map_err(|_| rustls::Error::FailedToGetRandomBytes)
    }
}

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        let source = rustls::crypto::ring::default_provider().secure_random;
        if source.fill(&mut bytes).is_ok() {
            return u64::from_le_bytes(bytes);
        }
        // The kernel has no randomness to give, which it always has once it is up. Nothing here is a secret, so
        // what the standard library seeds its maps with will do.
        RandomState::new().build_hasher().finish()
    }
}
