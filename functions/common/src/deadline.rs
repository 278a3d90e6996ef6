use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};
use model::Clock;
use std::{pin::pin, time::Duration};

/// When Lambda ends the invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Timestamp);

impl Deadline {
    /// As Lambda says it: milliseconds since 1970.
    pub fn from_millis(millis: u64) -> Self {
        let moment = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Self(moment.unwrap_or(Timestamp::MAX))
    }

    /// So much earlier.
    #[must_use]
    pub fn earlier(self, margin: Duration) -> Self {
        let margin = SignedDuration::try_from(margin).unwrap_or(SignedDuration::MAX);
        Self(self.0.saturating_sub(margin).unwrap_or(Timestamp::MIN))
    }

    /// Whether it has come.
    pub fn is_over(self, clock: &dyn Clock) -> bool {
        clock.now() >= self.0
    }

    /// Comes back when it comes.
    pub async fn comes(self, clock: &dyn Clock) {
        let left = Duration::try_from(self.0.duration_since(clock.now())).unwrap_or_default();
        clock.sleep(left).await;
    }

    /// What `work` comes to, or nothing if the moment comes first. What was begun is then dropped, as if the worker had
    /// died: everything here is made to bear that.
    pub async fn bound<T>(self, clock: &dyn Clock, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(work), pin!(self.comes(clock))).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// What `work` comes to; `nudge` is called when the moment comes first, and `work` goes on.
    pub async fn nudged<T>(
        self,
        clock: &dyn Clock,
        work: impl Future<Output = T>,
        nudge: impl FnOnce(),
    ) -> T {
        // What has no time from the start begins nothing.
        if self.is_over(clock) {
            nudge();
            return work.await;
        }
        match select(pin!(work), pin!(self.comes(clock))).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => {
                nudge();
                work.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulators::clock::ManualClock;
    use std::cell::Cell;

    fn clock() -> ManualClock {
        ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap())
    }

    #[test]
    fn a_deadline_is_lambda_s_and_can_come_earlier() {
        let deadline = Deadline::from_millis(1_800_000_060_000);
        let earlier = deadline.earlier(Duration::from_secs(60));
        let clock = clock();
        assert!(earlier.is_over(&clock) && !deadline.is_over(&clock));
        assert_eq!(Deadline::from_millis(u64::MAX).0, Timestamp::MAX);
    }

    #[tokio::test]
    async fn work_in_time_is_not_disturbed_and_late_work_is() {
        let (clock, deadline) = (clock(), Deadline::from_millis(1_800_000_060_000));
        assert_eq!(deadline.bound(&clock, async { 7 }).await, Some(7));
        assert_eq!(deadline.bound(&clock, std::future::pending::<()>()).await, None);
        let nudged = Cell::new(false);
        // The wait for what never came has moved the clock up to the deadline.
        clock.set(Timestamp::from_second(1_800_000_000).unwrap());
        assert_eq!(deadline.nudged(&clock, async { 7 }, || nudged.set(true)).await, 7);
        assert!(!nudged.get());
        let work = async {
            tokio::task::yield_now().await;
            8
        };
        assert_eq!(deadline.nudged(&clock, work, || nudged.set(true)).await, 8);
        assert!(nudged.get());
        let over = Deadline::from_millis(1_800_000_000_000);
        nudged.set(false);
        assert!(over.nudged(&clock, async { nudged.get() }, || nudged.set(true)).await, "before it begins");
    }
}
