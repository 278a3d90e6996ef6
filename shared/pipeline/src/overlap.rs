//! What a pass's overlap shows again, and what of it must be enqueued again.
//!
//! A pass reads once more what SAP stamped shortly before the high-water mark: rows can become visible late, and when
//! clocks go back an hour is stamped twice. Most of it has been enqueued already. But a stamp has the grain of a minute
//! at worst, so a row seen within its minute may change again without its stamp moving: such a row is enqueued
//! once more, when its minute is surely over.

use jiff::{SignedDuration, Timestamp};
use model::{SapKey, Seen, Stamp};
use sap::Row;
use std::collections::BTreeMap;

/// Longer than the hour that a change to winter time repeats.
pub(crate) const OVERLAP: SignedDuration = SignedDuration::from_mins(75);
/// Never shorter: the mark's own minute may not be over.
const SHORTEST: SignedDuration = SignedDuration::from_mins(2);

/// How far to look back from a mark that has stood still for so long. What comes late is late by the time gone as well: the window
/// shrinks by it, and an import of thousands of rows isn't shown for ever.
pub(crate) fn overlap_after(still_for: SignedDuration) -> SignedDuration {
    OVERLAP.saturating_sub(still_for).clamp(SHORTEST, OVERLAP)
}

/// A minute of SAP's, and time for a late commit.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(3);
/// More are forgotten, and merely enqueued again.
const MOST_KEPT: usize = 5_000;

/// The rows of earlier passes that the overlap can show again.
pub(crate) struct Overlap {
    seen: BTreeMap<SapKey, Seen>,
    settled_after: SignedDuration,
}

impl Overlap {
    pub(crate) fn new(seen: Vec<Seen>) -> Self {
        Self::settling_after(SETTLED_AFTER, seen)
    }

    /// The same for stamps of a finer grain.
    pub(crate) fn settling_after(settled_after: SignedDuration, seen: Vec<Seen>) -> Self {
        Self { seen: seen.into_iter().map(|seen| (seen.key.clone(), seen)).collect(), settled_after }
    }

    /// Whether this row must be enqueued by a pass that began at `pass_began`, by our clock. Remembers it.
    pub(crate) fn is_news(&mut self, row: &Row, pass_began: Timestamp) -> bool {
        match self.seen.get_mut(&row.key) {
            Some(seen) if seen.stamp == row.stamp && seen.cancelled == row.cancelled => {
                if seen.settled {
                    return false;
                }
                seen.settled = pass_began.duration_since(seen.first_at) >= self.settled_after;
                true
            }
            _ => {
                let Row { key, stamp, cancelled, .. } = row.clone();
                let seen = Seen { key: key.clone(), stamp, cancelled, first_at: pass_began, settled: false };
                self.seen.insert(key, seen);
                true
            }
        }
    }

    /// What to keep for the next pass: what it can show again.
    pub(crate) fn keep(self, shows_again: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        let mut kept: Vec<Seen> = self.seen.into_values().filter(shows_again).collect();
        kept.sort_by_key(|seen| std::cmp::Reverse(seen.first_at));
        kept.truncate(MOST_KEPT);
        kept
    }
}

/// The stamp so much earlier, in SAP's local time.
pub(crate) fn earlier(stamp: Stamp, by: SignedDuration) -> Stamp {
    let moment = stamp.date.to_datetime(stamp.time).saturating_sub(by);
    Stamp { date: moment.date(), time: moment.time() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn stamp(hour: i8, minute: i8) -> Stamp {
        Stamp { date: date(2026, 3, 5), time: time(hour, minute, 0, 0) }
    }

    fn row(entry: i64, stamp: Option<Stamp>) -> Row {
        Row { key: SapKey::DocEntry(entry), stamp, doc_date: None, cancelled: false }
    }

    #[test]
    fn a_row_is_enqueued_again_until_its_minute_is_surely_over() {
        let mut overlap = Overlap::new(vec![]);
        assert!(overlap.is_news(&row(7, Some(stamp(9, 0))), at(0)));
        assert!(
            overlap.is_news(&row(7, Some(stamp(9, 0))), at(1)),
            "it may have changed within the same minute"
        );
        assert!(overlap.is_news(&row(7, Some(stamp(9, 0))), at(5)));
        assert!(!overlap.is_news(&row(7, Some(stamp(9, 0))), at(10)));
        assert!(overlap.is_news(&row(7, Some(stamp(9, 20))), at(20)), "a moved stamp is news");
        assert!(
            overlap.is_news(&row(7, Some(stamp(8, 20))), at(30)),
            "so is one that moved back, as in autumn"
        );
    }

    #[test]
    fn a_minute_is_surely_over_after_three() {
        for (seen_again, expected) in [(2, true), (3, false)] {
            let mut overlap = Overlap::new(vec![]);
            overlap.is_news(&row(7, Some(stamp(9, 0))), at(0));
            assert!(overlap.is_news(&row(7, Some(stamp(9, 0))), at(seen_again)));
            assert_eq!(overlap.is_news(&row(7, Some(stamp(9, 0))), at(60)), expected, "{seen_again}");
        }
    }

    #[test]
    fn of_too_many_the_newest_are_kept() {
        let mut overlap = Overlap::new(vec![]);
        for entry in 0..5_010 {
            overlap.is_news(&row(entry, None), at(entry));
        }
        let kept = overlap.keep(|_| true);
        assert_eq!(kept.len(), 5_000);
        assert!(kept.iter().all(|seen| seen.first_at >= at(10)));
    }

    #[test]
    fn a_payment_that_is_cancelled_later_is_news() {
        let mut overlap = Overlap::new(vec![]);
        for minutes in [0, 5, 10] {
            overlap.is_news(&row(9, None), at(minutes));
        }
        assert!(!overlap.is_news(&row(9, None), at(15)));
        assert!(overlap.is_news(&Row { cancelled: true, ..row(9, None) }, at(20)));
    }

    #[test]
    fn only_what_can_show_up_again_is_kept() {
        let mut overlap = Overlap::new(vec![]);
        overlap.is_news(&row(1, Some(stamp(7, 0))), at(0));
        overlap.is_news(&row(2, Some(stamp(9, 0))), at(0));
        overlap.is_news(&row(3, None), at(0));
        let shows_again = |seen: &Seen| seen.stamp.is_none_or(|seen| seen >= stamp(8, 0));
        let kept: Vec<_> = overlap.keep(shows_again).into_iter().map(|seen| seen.key).collect();
        assert_eq!(kept, [SapKey::DocEntry(2), SapKey::DocEntry(3)]);
    }

    #[test]
    fn the_overlap_shrinks_while_the_mark_stands_still() {
        let minutes = |still| overlap_after(SignedDuration::from_mins(still)).as_mins();
        assert_eq!([-5, 0, 10, 60, 80, 10_000].map(minutes), [75, 75, 65, 15, 2, 2]);
    }

    #[test]
    fn the_overlap_reaches_over_midnight() {
        let before = earlier(stamp(0, 30), OVERLAP);
        assert_eq!(before, Stamp { date: date(2026, 3, 4), time: time(23, 15, 0, 0) });
    }
}
