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
