//! Takes a batch of changes from the queue, folds what is about one document, and works it off in waves: what others
//! depend on first.

use crate::{BatchReport, Pipeline, wave::Folded};
use model::{Cause, Change, DocumentKey, Step};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use std::collections::BTreeMap;
use store::{Received, StoreError};

/// What a new document takes of Coupa's budget, amply.
const CALLS_PER_DOCUMENT: Decimal = Decimal::from_parts(3, 0, 0, false, 0);

/// The store failed. What was received comes back by itself.
pub type BatchError = StoreError;

impl Pipeline {
    /// Receives up to `max` changes and works on them. Every message ends acked or put back; one that neither happened
    /// to, because the store failed, comes again when its visibility runs out.
    pub async fn work(&self, max: usize) -> Result<BatchReport, BatchError> {
        let max = max.min(self.workable().await);
        let received = self.queue.receive(max, self.settings.visibility(), self.clock.now()).await?;
        self.sync(received).await
    }

    /// How many documents can be worked off while the leases last that are taken for all of them at once.
    async fn workable(&self) -> usize {
        // Where the budget can't be read, nothing can be sent either.
        let Ok((_, rate)) = self.coupa.budget().await else { return 1 };
        let calls = rate.requests_per_second().saturating_mul(self.settings.working_time.as_secs().into());
        (calls / CALLS_PER_DOCUMENT).to_usize().unwrap_or(usize::MAX).max(1)
    }

    /// Works on changes that were received.
    pub async fn sync(&self, received: Vec<Received>) -> Result<BatchReport, BatchError> {
        let mut report = BatchReport { received: received.len(), ..BatchReport::default() };
        let received = self.still_wanted(received).await?;
        let mut waves: BTreeMap<u8, Vec<Folded>> = BTreeMap::new();
        for folded in fold(received) {
            waves.entry(folded.change.rank()).or_default().push(folded);
        }
        for wave in waves.into_values() {
            for suspect in self.wave(wave, &mut report).await? {
                self.wave(vec![suspect], &mut report).await?;
            }
        }
        Ok(report)
    }
}

/// Many changes to one document are one: it is read as it is now anyway.
fn fold(received: Vec<Received>) -> Vec<Folded> {
    let mut folded: BTreeMap<(DocumentKey, Step), Folded> = BTreeMap::new();
    for message in received {
        let key = (message.change.document.clone(), message.change.step);
        match folded.get_mut(&key) {
            Some(earlier) => {
                earlier.change = merge(&earlier.change, &message.change);
                earlier.receipts.push(message.receipt);
            }
            None => {
                folded.insert(key, Folded { change: message.change, receipts: vec![message.receipt] });
            }
        }
    }
    folded.into_values().collect()
}

/// The more urgent lane, the wider scope, and a cause that others wait for, win.
fn merge(one: &Change, other: &Change) -> Change {
    Change {
        lane: one.lane.min(other.lane),
        whatever_date: one.whatever_date || other.whatever_date,
        cause: [Cause::Reconcile, Cause::Dependency]
            .into_iter()
            .find(|cause| [one.cause, other.cause].contains(cause))
            .unwrap_or(one.cause),
        seen_at: one.seen_at.min(other.seen_at),
        ..one.clone()
    }
}
