//! Coupa's rate limit: so many requests a second, a short queue of held ones, and 429 beyond it.

use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// What becomes of a request that arrives now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Served after this pause.
    After(Duration),
    /// 429.
    Refused,
}

/// The limit's memory: when the last requests were, or will be, served. In microseconds.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    served: VecDeque<i64>,
}

const SECOND: i64 = 1_000_000;

impl Pace {
    /// Takes in a request: at most `rate` are served in any second, up to `queue` more are held.
    pub(crate) fn admit(&mut self, now: Timestamp, rate: u32, queue: usize) -> Admission {
        let now = now.as_microsecond();
        let rate = usize::try_from(rate.max(1)).unwrap_or(usize::MAX);
        while self.served.len() > rate + queue && self.served.front().is_some_and(|at| *at <= now - SECOND) {
            self.served.pop_front();
        }
        let turn = match self.served.len().checked_sub(rate).and_then(|at| self.served.get(at)) {
            Some(earlier) => now.max(earlier + SECOND),
            None => now,
        };
        let waiting = self.served.iter().rev().take_while(|at| **at > now).count();
        if turn > now && waiting >= queue {
            return Admission::Refused;
        }
        self.served.push_back(turn);
        Admission::After(Duration::from_micros(u64::try_from(turn - now).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).expect("in range")
    }

    #[test]
    fn twenty_five_pass_twenty_are_held_the_next_is_refused() {
        let mut pace = Pace::default();
        for _ in 0..25 {
            assert_eq!(pace.admit(at(0), 25, 20), Admission::After(Duration::ZERO));
        }
        for _ in 0..20 {
            assert_eq!(pace.admit(at(100), 25, 20), Admission::After(Duration::from_millis(900)));
        }
        assert_eq!(pace.admit(at(100), 25, 20), Admission::Refused);
        assert_eq!(pace.admit(at(1000), 25, 20), Admission::After(Duration::ZERO));
    }

    #[test]
    fn a_steady_stream_at_the_limit_with_one_burst_is_never_refused() {
        let mut pace = Pace::default();
        for step in 0..20 {
            assert_ne!(pace.admit(at(step), 25, 20), Admission::Refused);
        }
        for step in 0..2_000 {
            assert_ne!(pace.admit(at(20 + step * 40), 25, 20), Admission::Refused, "step {step}");
        }
    }
}
