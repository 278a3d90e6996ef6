//! What an attempt's failure leads to: pure arithmetic, so that any history can be replayed.

use jiff::{SignedDuration, Timestamp};
use model::planted::{Bug, bug};
use model::{Code, ErrorClass, Failure, OpenAttempt, Random};

/// Longer pauses than this are spent parked in the state store, not in the queue.
pub(crate) const LONGEST_IN_QUEUE: SignedDuration = SignedDuration::from_mins(15);
/// No pause is longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// Something that waits for a document is looked at so often even if nobody says that it arrived.
const WAITING_FALLBACK: SignedDuration = SignedDuration::from_mins(30);
/// Attempts in a row that never reached an end, after which it is ours to mend.
pub(crate) const MAX_UNFINISHED: u32 = 5;

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Seen again in the queue then.
    PutBack(Timestamp),
    /// Parked until then, or until what it waits for arrives.
    Park(Timestamp),
    /// Nobody tries again without being asked; the failure may have become another one on the way.
    DeadLetter(Failure),
}

/// How the failing has gone so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Attempts before this one, since the last success.
    pub tries: u32,
    /// Since when.
    pub since: Timestamp,
    /// The present moment.
    pub now: Timestamp,
    /// It waits for a document that will announce itself.
    pub announced: bool,
    /// Until then a write of the last attempt may still arrive in Coupa: asking earlier would prove nothing.
    pub not_before: Timestamp,
}

/// Until when a write whose outcome is unknown may still arrive in Coupa, where that lies ahead. Nothing of the attempt
/// was sent after `started_at`, and nothing arrives later than `reserve` after it was sent. (An attempt that was found
/// open is always beyond that: it sent nothing unless its lease lasted for longer, and the lease has run out.)
pub(crate) fn arrives_until(
    unknown: Option<&OpenAttempt>,
    now: Timestamp,
    reserve: SignedDuration,
) -> Option<Timestamp> {
    if bug(Bug::UnknownForgotten) {
        return None;
    }
    let until = unknown?.started_at.saturating_add(reserve).unwrap_or(Timestamp::MAX);
    (now < until).then_some(until)
}

/// Decides by the failure's class alone.
pub(crate) fn next(
    failure: &Failure,
    trouble: Trouble,
    waiting_limit: SignedDuration,
    random: &dyn Random,
) -> Next {
    if !failure.class().heals() && !bug(Bug::RetriedForEver) {
        return Next::DeadLetter(failure.clone());
    }
    if trouble.now.duration_since(trouble.since) > waiting_limit {
        let message = format!("since {}, lastly: {} {}", trouble.since, failure.code, failure.message);
        return Next::DeadLetter(Failure::new(Code::WaitedTooLong, message));
    }
    let waiting = failure.class() == ErrorClass::Waiting;
    // Somebody will say so when it may go on; it is looked at now and then all the same.
    let at = if waiting && (trouble.announced || failure.code == Code::HeldBack) {
        trouble.now.saturating_add(WAITING_FALLBACK).unwrap_or(trouble.now)
    } else {
        let first = if waiting { SignedDuration::from_secs(60) } else { SignedDuration::from_secs(2) };
        backoff(trouble.now, trouble.tries, first, random)
    };
    let at = if bug(Bug::UnknownForgotten) { at } else { at.max(trouble.not_before) };
    if waiting || at.duration_since(trouble.now) > LONGEST_IN_QUEUE {
        Next::Park(at)
    } else {
        Next::PutBack(at)
    }
}

/// Exponential with jitter, up to the next mark of a grid of quarters of it: what an outage has thrown back comes again in
/// few groups, each of which a batch can find out about with one question, and not one by one.
fn backoff(now: Timestamp, tries: u32, first: SignedDuration, random: &dyn Random) -> Timestamp {
    let longest = first.as_millis().saturating_mul(1_i128 << tries.min(20)).min(LONGEST.as_millis());
    let quarter = i64::try_from(longest / 4).unwrap_or(i64::MAX).max(1);
    let jitter = i64::try_from(random.next_u64() % quarter.unsigned_abs()).unwrap_or(0);
    let earliest = now.as_millisecond().saturating_add(2 * quarter).saturating_add(jitter);
    let mark = earliest.div_euclid(quarter).saturating_add(1).saturating_mul(quarter);
    Timestamp::from_millisecond(mark).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);
    impl Random for Fixed {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    const LIMIT: SignedDuration = SignedDuration::from_hours(24 * 30);

    fn trouble(tries: u32, hours: i64, announced: bool) -> Trouble {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        Trouble { tries, since: now - SignedDuration::from_hours(hours), now, announced, not_before: now }
    }

    fn pause(next: &Next) -> i64 {
        match next {
            Next::PutBack(at) | Next::Park(at) => at.as_second() - 1_800_000_000,
            Next::DeadLetter(failure) => panic!("{failure}"),
        }
    }

    #[test]
    fn what_does_not_heal_is_never_tried_again() {
        let failure = Failure::new(Code::CoupaRefused, "no");
        assert_eq!(next(&failure, trouble(0, 0, false), LIMIT, &Fixed(0)), Next::DeadLetter(failure));
    }

    #[test]
    fn pauses_grow_and_long_ones_are_parked() {
        let failure = Failure::new(Code::CoupaUnreachable, "down");
        let at = |tries| next(&failure, trouble(tries, 1, false), LIMIT, &Fixed(u64::MAX - 1));
        assert!(pause(&at(0)) <= 2);
        assert!(pause(&at(3)) > pause(&at(1)));
        assert!(matches!(at(3), Next::PutBack(_)));
        assert!(matches!(at(12), Next::Park(_)));
        assert!(pause(&at(60)) <= 3_600);
    }

    #[test]
    fn what_failed_together_comes_back_in_few_groups() {
        let failure = Failure::new(Code::CoupaUnreachable, "down");
        for tries in 0..14 {
            let marks: std::collections::BTreeSet<_> = (0..500_u64)
                .map(|n| {
                    let random = Fixed(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    pause(&next(&failure, trouble(tries, 1, false), LIMIT, &random))
                })
                .collect();
            assert!(marks.len() <= 2, "{tries}: {marks:?}");
        }
    }

    #[test]
    fn an_outage_of_weeks_does_not_use_up_attempts_but_the_limit_ends_it() {
        let failure = Failure::new(Code::SapUnreachable, "down");
        assert!(matches!(next(&failure, trouble(5_000, 24 * 29, false), LIMIT, &Fixed(7)), Next::Park(_)));
        let end = next(&failure, trouble(5_000, 24 * 31, false), LIMIT, &Fixed(7));
        let Next::DeadLetter(letter) = end else { panic!("{end:?}") };
        assert_eq!(letter.code, Code::WaitedTooLong);
        assert!(letter.message.contains("BC-0101"), "{}", letter.message);
    }

    #[test]
    fn what_may_still_arrive_is_waited_for() {
        let failure = Failure::new(Code::CoupaOutcomeUnknown, "lost");
        let late = |seconds| {
            let trouble = trouble(0, 0, false);
            Trouble { not_before: trouble.now + SignedDuration::from_secs(seconds), ..trouble }
        };
        assert_eq!(pause(&next(&failure, late(90), LIMIT, &Fixed(0))), 90);
        assert!(
            matches!(next(&failure, late(3_600), LIMIT, &Fixed(0)), Next::Park(_)),
            "too long for a queue"
        );

        let sent = Timestamp::from_second(1_800_000_000).unwrap();
        let unknown = OpenAttempt {
            started_at: sent,
            owner: model::Owner("one".to_owned()),
            correlation: model::CorrelationId("c".to_owned()),
        };
        let reserve = SignedDuration::from_secs(90);
        let until =
            |seconds| arrives_until(Some(&unknown), sent + SignedDuration::from_secs(seconds), reserve);
        assert_eq!((until(0), until(89)), (Some(sent + reserve), Some(sent + reserve)));
        assert_eq!((until(90), arrives_until(None, sent, reserve)), (None, None));
    }

    #[test]
    fn a_pause_ends_at_the_mark_of_its_grid_that_comes_next_after_half_of_it_and_jitter() {
        let down = Failure::new(Code::CoupaUnreachable, "down");
        let waits = Failure::new(Code::Waiting, "order 5");
        let seconds = |failure, tries, random| {
            let (Next::PutBack(at) | Next::Park(at)) =
                next(failure, trouble(tries, 0, false), LIMIT, &Fixed(random))
            else {
                panic!("it is over")
            };
            at.duration_since(trouble(0, 0, false).now).as_millis()
        };
        // Now is a mark of all these grids.
        for (tries, expected) in
            [(0, 1_500), (1, 3_000), (2, 6_000), (10, 1_536_000), (20, 2_700_000), (32, 2_700_000)]
        {
            assert_eq!(seconds(&down, tries, 0), expected, "{tries}");
        }
        assert_eq!([499, 500, 999].map(|random| seconds(&down, 0, random)), [1_500; 3]);
        assert_eq!(seconds(&waits, 0, 0), 45_000);
    }

    #[test]
    fn a_quarter_of_an_hour_is_spent_in_the_queue_and_more_is_not() {
        let failure = Failure::new(Code::CoupaOutcomeUnknown, "lost");
        let late = |millis| {
            let trouble = trouble(0, 0, false);
            Trouble { not_before: trouble.now + SignedDuration::from_millis(millis), ..trouble }
        };
        assert!(matches!(next(&failure, late(900_000), LIMIT, &Fixed(0)), Next::PutBack(_)));
        assert!(matches!(next(&failure, late(900_001), LIMIT, &Fixed(0)), Next::Park(_)));
    }

    #[test]
    fn the_limit_ends_what_is_beyond_it_and_not_what_is_at_it() {
        let failure = Failure::new(Code::SapUnreachable, "down");
        let hours =
            |hours| next(&failure, trouble(9, hours, false), SignedDuration::from_hours(24), &Fixed(0));
        assert!(matches!(hours(24), Next::Park(_)) || matches!(hours(24), Next::PutBack(_)));
        assert!(matches!(hours(25), Next::DeadLetter(_)));
    }

    #[test]
    fn what_somebody_will_announce_is_looked_at_every_half_hour() {
        let waits = |code, announced| {
            let failure = Failure::new(code, "order 5");
            pause(&next(&failure, trouble(0, 0, announced), LIMIT, &Fixed(0)))
        };
        assert_eq!(waits(Code::Waiting, true), 1_800);
        assert_eq!(waits(Code::HeldBack, false), 1_800);
        assert_eq!(waits(Code::Waiting, false), 45);
        assert!(waits(Code::SapUnreachable, true) < 10, "an outage announces nothing");
    }

    #[test]
    fn waiting_is_always_parked() {
        let failure = Failure::new(Code::Waiting, "order 5");
        assert!(matches!(next(&failure, trouble(0, 0, true), LIMIT, &Fixed(0)), Next::Park(_)));
        assert!(pause(&next(&failure, trouble(0, 0, false), LIMIT, &Fixed(0))) <= 60);
    }
}
