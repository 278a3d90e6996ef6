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

    fn millis(millis: i64) -> SignedDuration {
        SignedDuration::from_millis(millis)
    }

    #[test]
    fn the_averages_are_of_four_and_of_sixty_four_replies() {
        let throttle = Throttle::new(4);
        let averages = || {
            let load = throttle.load();
            (load.recent_ms, load.usual_ms)
        };
        throttle.replied(millis(640), at(0));
        assert_eq!(averages(), (640, Some(640)));
        throttle.replied(millis(1_280), at(0));
        assert_eq!(averages(), (800, Some(650)));
        throttle.replied(millis(-5), at(0));
        assert_eq!(averages(), (600, Some(639)), "no time at all");
    }

    #[test]
    fn slow_is_more_than_a_second_and_more_than_three_times_the_usual() {
        for (usual, recent, expected) in
            [(1, 1_000, 4), (1, 1_004, 2), (400, 1_200, 4), (400, 1_204, 2), (900, 2_600, 4)]
        {
            let throttle = Throttle::new(4);
            {
                let mut load = throttle.load();
                (load.usual_ms, load.recent_ms) = (Some(usual), recent);
            }
            throttle.replied(millis(recent.try_into().unwrap()), at(0));
            assert_eq!(throttle.limit(), expected, "{usual} ms usually, now {recent}");
        }
    }

    #[test]
    fn it_halves_again_after_ten_seconds_and_gives_back_one_for_twenty_calm_replies() {
        let throttle = Throttle::new(8);
        for (second, expected) in [(0, 4), (9, 4), (10, 2), (12, 2), (20, 1)] {
            throttle.failed(at(second));
            assert_eq!(throttle.limit(), expected, "after {second} s");
        }
        let calm = |replies| {
            for _ in 0..replies {
                throttle.replied(millis(50), at(20));
            }
            throttle.limit()
        };
        assert_eq!([calm(19), calm(1), calm(19), calm(1)], [1, 2, 2, 3]);
        calm(10);
        throttle.failed(at(21));
        assert_eq!([calm(19), calm(1)], [3, 4], "a failure begins the count anew");
    }

    #[test]
    fn what_is_in_use_while_the_limit_falls_and_rises_is_counted() {
        for given_back_before in 0..=4 {
            let throttle = Throttle::new(4);
            let mut held: Vec<_> = (0..4).map(|_| throttle.slot().now_or_never().unwrap().unwrap()).collect();
            throttle.failed(at(0));
            held.truncate(4 - given_back_before);
            for _ in 0..20 {
                throttle.replied(millis(50), at(1));
            }
            drop(held);
            assert_eq!((throttle.limit(), free(&throttle)), (3, 3), "{given_back_before} were back before");
        }
    }

    #[test]
    fn what_was_given_back_is_taken_away_again_the_next_time() {
        let throttle = Throttle::new(4);
        for second in [0, 20, 40] {
            let held: Vec<_> = (0..4).map(|_| throttle.slot().now_or_never().unwrap().unwrap()).collect();
            throttle.failed(at(second));
            drop(held);
            assert_eq!(free(&throttle), 2);
            for _ in 0..40 {
                throttle.replied(millis(50), at(second));
            }
        }
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
