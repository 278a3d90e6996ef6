//! How many requests may be in flight: as many as the settings allow, and fewer while SAP slows down.
//!
//! A failure of the server, a lost reply, or replies that take three times as long as usual and more than a second
//! halve the number, at most once in ten seconds. Twenty calm replies in a row give one back.

use crate::Error;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

const HALVED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(10);
const CALM_REPLIES: u32 = 20;
const SLOW_FACTOR: u64 = 3;
const SLOW_AT_LEAST_MS: u64 = 1_000;

pub(crate) struct Throttle {
    slots: Semaphore,
    load: Mutex<Load>,
}

struct Load {
    most: usize,
    limit: usize,
    /// Slots that exist; those in use are taken away when they come back.
    existing: usize,
    calm: u32,
    halved_at: Option<Timestamp>,
    /// Moving averages: of some 64 and some 4 replies.
    usual_ms: Option<u64>,
    recent_ms: u64,
}

/// The right to have one request in flight.
pub(crate) struct Slot<'a> {
    throttle: &'a Throttle,
    permit: Option<SemaphorePermit<'a>>,
}

impl Throttle {
    pub(crate) fn new(most: usize) -> Self {
        let load = Load {
            most,
            limit: most,
            existing: most,
            calm: 0,
            halved_at: None,
            usual_ms: None,
            recent_ms: 0,
        };
        Self { slots: Semaphore::new(most), load: Mutex::new(load) }
    }

    /// Waits until one more request may go out.
    pub(crate) async fn slot(&self) -> Result<Slot<'_>, Error> {
        let permit = self.slots.acquire().await;
        let permit = permit.map_err(|_| Error::Unreachable("the client is shut down".to_owned()))?;
        Ok(Slot { throttle: self, permit: Some(permit) })
    }

    /// How many may be in flight now.
    pub(crate) fn limit(&self) -> usize {
        self.load().limit
    }

    /// Learns from a reply.
    pub(crate) fn replied(&self, took: SignedDuration, now: Timestamp) {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(0);
        let mut load = self.load();
        let usual = load.usual_ms.unwrap_or(took_ms);
        load.recent_ms = if load.usual_ms.is_none() { took_ms } else { (load.recent_ms * 3 + took_ms) / 4 };
        load.usual_ms = Some((usual * 63 + took_ms) / 64);
        if load.recent_ms > SLOW_AT_LEAST_MS && load.recent_ms > usual * SLOW_FACTOR {
            load.halve(now);
            return;
        }
        load.calm += 1;
        if load.calm >= CALM_REPLIES && load.limit < load.most {
            load.calm = 0;
            load.limit += 1;
            if load.existing < load.limit {
                load.existing += 1;
                self.slots.add_permits(1);
            }
        }
    }

    /// Learns from a failure that may come from too much at once.
    pub(crate) fn failed(&self, now: Timestamp) {
        self.load().halve(now);
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Load {
    fn halve(&mut self, now: Timestamp) {
        self.calm = 0;
        let just_now = self.halved_at.is_some_and(|at| now.duration_since(at) < HALVED_AGAIN_AFTER);
        if !just_now {
            self.limit = (self.limit / 2).max(1);
            self.halved_at = Some(now);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut load = self.throttle.load();
        if let Some(permit) = self.permit.take()
            && load.existing > load.limit
        {
            load.existing -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn free(throttle: &Throttle) -> usize {
        let mut held = vec![];
        while let Some(slot) = throttle.slot().now_or_never() {
            held.push(slot.unwrap());
        }
        held.len()
    }

    #[test]
    fn failures_halve_once_in_a_while_and_calm_gives_back() {
        let throttle = Throttle::new(4);
        let held: Vec<_> = (0..4).map(|_| throttle.slot().now_or_never().unwrap().unwrap()).collect();
        for _ in 0..4 {
            throttle.failed(at(0));
        }
        assert_eq!(throttle.limit(), 2, "four that fail together count once");
        drop(held);
        assert_eq!(free(&throttle), 2);
        throttle.failed(at(11));
        throttle.failed(at(22));
        assert_eq!(throttle.limit(), 1, "never none");
        for _ in 0..60 {
            throttle.replied(SignedDuration::from_millis(50), at(30));
        }
        assert_eq!((throttle.limit(), free(&throttle)), (4, 4));
    }

    #[test]
    fn replies_far_slower_than_usual_halve_too() {
        let throttle = Throttle::new(4);
        for _ in 0..30 {
            throttle.replied(SignedDuration::from_millis(300), at(0));
        }
        throttle.replied(SignedDuration::from_millis(900), at(1));
        assert_eq!(throttle.limit(), 4, "one slow reply is nothing");
        for _ in 0..4 {
            throttle.replied(SignedDuration::from_millis(4_000), at(2));
        }
        assert_eq!(throttle.limit(), 2);
    }

    #[test]
    fn quick_replies_may_vary_as_they_like() {
        let throttle = Throttle::new(4);
        for took in [1, 2, 90, 300, 5, 700, 900] {
            throttle.replied(SignedDuration::from_millis(took), at(0));
        }
        assert_eq!(throttle.limit(), 4);
    }
}
