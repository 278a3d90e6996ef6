//! How much is far more than usual, as plain arithmetic.

use serde::{Deserialize, Serialize};

/// The most that is drawn at once: what is drawn by a worker that dies counts, and is never made.
const LARGEST_BLOCK: u64 = 20;
/// The nearer the limit, the smaller the block, so that those who run at once come to it together.
const BLOCKS_LEFT: u64 = 20;

/// How much is far more than usual. From the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// More changes than this,
    pub changes: u64,
    /// that are also more than this share of the linked documents, in percent;
    pub share_percent: u64,
    /// or more cancellations than this, that are.
    pub cancellations: u64,
}

/// What a write comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Change,
    Cancellation,
}

/// So many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Documents changed.
    changes: u64,
    /// Of those, cancelled or voided.
    cancellations: u64,
}

impl Tally {
    pub(super) fn add(&mut self, weight: Weight, count: u64) {
        self.changes += count;
        if weight == Weight::Cancellation {
            self.cancellations += count;
        }
    }

    /// Takes one off, if there is one of this weight.
    pub(super) fn take(&mut self, weight: Weight) -> bool {
        let mere_changes = self.changes.saturating_sub(self.cancellations);
        match weight {
            Weight::Change if mere_changes > 0 => self.changes -= 1,
            Weight::Cancellation if self.cancellations > 0 => {
                (self.changes, self.cancellations) = (self.changes.saturating_sub(1), self.cancellations - 1);
            }
            Weight::Change | Weight::Cancellation => return false,
        }
        true
    }
}

impl Limits {
    /// So many are usual, of so many linked documents.
    fn most(self, limit: u64, linked: u64) -> u64 {
        limit.max(self.share_percent.saturating_mul(linked) / 100)
    }

    /// How many more may be made.
    pub(super) fn room(self, tally: Tally, linked: u64, weight: Weight) -> u64 {
        let changes = self.most(self.changes, linked).saturating_sub(tally.changes);
        match weight {
            Weight::Change => changes,
            Weight::Cancellation => {
                changes.min(self.most(self.cancellations, linked).saturating_sub(tally.cancellations))
            }
        }
    }

    /// How many more are drawn at once.
    pub(super) fn block(self, tally: Tally, linked: u64, weight: Weight) -> u64 {
        let room = self.room(tally, linked, weight);
        (room / BLOCKS_LEFT).clamp(1, LARGEST_BLOCK).min(room)
    }

    /// What is too much, where there is no room for another.
    pub(super) fn refusal(self, tally: Tally, linked: u64, weight: Weight) -> String {
        let changes = tally.changes + 1;
        let cancellations = tally.cancellations + 1;
        if weight == Weight::Cancellation && cancellations > self.most(self.cancellations, linked) {
            return format!("{cancellations} cancellations of {linked} linked documents");
        }
        format!("{changes} changes of {linked} linked documents")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { changes: 100, share_percent: 20, cancellations: 10 };

    fn tally(changes: u64, cancellations: u64) -> Tally {
        Tally { changes, cancellations }
    }

    #[test]
    fn a_cancellation_counts_as_a_change_too() {
        let mut counted = Tally::default();
        counted.add(Weight::Change, 3);
        counted.add(Weight::Cancellation, 2);
        assert_eq!(counted, tally(5, 2));
    }

    #[test]
    fn what_was_drawn_is_used_up_by_its_own_weight_alone() {
        let mut drawn = tally(3, 2);
        assert!(drawn.take(Weight::Change));
        assert_eq!(drawn, tally(2, 2));
        assert!(!drawn.take(Weight::Change), "the rest was drawn for cancellations");
        assert!(drawn.take(Weight::Cancellation) && drawn.take(Weight::Cancellation));
        assert_eq!(drawn, Tally::default());
        assert!(!drawn.take(Weight::Cancellation));
    }

    #[test]
    fn there_is_room_up_to_the_number_or_the_share_whichever_is_more() {
        for (linked, counted, weight, expected) in [
            (0, tally(0, 0), Weight::Change, 100),
            (500, tally(99, 0), Weight::Change, 1),
            (505, tally(99, 0), Weight::Change, 2),
            (500, tally(101, 0), Weight::Change, 0),
            (0, tally(0, 0), Weight::Cancellation, 10),
            (60, tally(9, 9), Weight::Cancellation, 3),
            (60, tally(98, 0), Weight::Cancellation, 2),
        ] {
            assert_eq!(LIMITS.room(counted, linked, weight), expected, "{counted:?} of {linked}");
        }
    }

    #[test]
    fn a_block_is_a_twentieth_of_the_room_and_one_to_twenty() {
        for (limit, expected) in [(0, 0), (1, 1), (39, 1), (40, 2), (399, 19), (400, 20), (9_000, 20)] {
            let limits = Limits { changes: limit, ..LIMITS };
            assert_eq!(limits.block(Tally::default(), 0, Weight::Change), expected, "{limit}");
        }
    }

    #[test]
    fn the_refusal_names_what_is_too_much() {
        for (counted, linked, weight, expected) in [
            (tally(100, 0), 10, Weight::Change, "101 changes of 10 linked documents"),
            (tally(10, 10), 10, Weight::Cancellation, "11 cancellations of 10 linked documents"),
            (tally(100, 9), 10, Weight::Cancellation, "101 changes of 10 linked documents"),
            (tally(100, 10), 10, Weight::Change, "101 changes of 10 linked documents"),
        ] {
            assert_eq!(LIMITS.refusal(counted, linked, weight), expected);
        }
    }
}
