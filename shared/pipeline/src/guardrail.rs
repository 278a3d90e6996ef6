//! Stops what would change far more of Coupa than is usual, such as after a slip in the mapping file, until a person has looked.
//!
//! Creations never count. A change that is held back is parked: nothing is lost, and everything else goes on. What counts
//! stands in a record of the state store. It is written now and then and not under a lock, so workers that run at once may let a
//! few more through than the limit says.

use crate::{
    Pipeline,
    attempt::{Stop, Work, Write},
};
use coupa::Action;
use jiff::{SignedDuration, Timestamp};
use model::{Code, DocumentKey, Failure, ObjectKind, Parked};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use store::{StateStore, StoreError};

/// The record's name in the state store.
const GUARDRAIL: &str = "guardrail";
/// Counts of several runs, or of one that never ends, begin anew after so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What was counted is written so often, at the latest.
const UNWRITTEN: u64 = 20;
/// The same of what was made, where nothing else tells how many documents are linked.
const UNWRITTEN_MADE: u64 = 50;
/// Others' counts, and a person's leave, are read so often.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

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

/// What stands in the state store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct GuardrailRecord {
    /// Since when it is counted.
    since: Option<Timestamp>,
    /// Documents changed since.
    changes: u64,
    /// Of those, cancelled or voided.
    cancellations: u64,
    /// Documents made since the guardrail was first there: where nothing else tells how many are linked.
    #[serde(default)]
    created: u64,
    /// Why nothing is changed any more.
    held: Option<String>,
    /// Until then nothing is held back: a person has looked.
    accepted_until: Option<Timestamp>,
}

/// Counts what is changed.
#[derive(Debug, Default)]
pub struct Guardrail {
    limits: Option<Limits>,
    /// A run counts for itself; one that never ends counts by the day.
    by_day: bool,
    /// Where that can be told without counting what is made.
    linked: AtomicU64,
    made: AtomicU64,
    counted: futures::lock::Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    record: GuardrailRecord,
    read_at: Option<Timestamp>,
    unwritten: u64,
}

/// What a write comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Change,
    Cancellation,
}

impl Guardrail {
    /// Counts for one run, or by the day, where the run never ends.
    pub fn new(limits: Limits, by_day: bool) -> Self {
        Self { limits: Some(limits), by_day, ..Self::default() }
    }

    /// So many documents are linked.
    pub fn set_linked(&self, linked: u64) {
        self.linked.store(linked, Ordering::Relaxed);
    }

    /// A document was made.
    pub(crate) async fn made(&self, state: &dyn StateStore) -> Result<(), StoreError> {
        if self.limits.is_none() || self.made.fetch_add(1, Ordering::Relaxed) + 1 < UNWRITTEN_MADE {
            return Ok(());
        }
        let mut counted = self.counted.lock().await;
        let stored = stored(state).await?;
        counted.record.created = counted.record.created.max(stored.created);
        self.write(&mut counted, state).await
    }

    /// Counts it, unless that is too much.
    async fn admits(
        &self,
        state: &dyn StateStore,
        now: Timestamp,
        weight: Weight,
    ) -> Result<bool, StoreError> {
        let Some(limits) = self.limits else { return Ok(true) };
        let mut counted = self.counted.lock().await;
        self.refresh(&mut counted, state, now).await?;
        let made = self.made.load(Ordering::Relaxed);
        let linked = self.linked.load(Ordering::Relaxed).max(counted.record.created).saturating_add(made);
        let admitted = counted.record.admits(limits, linked, now, weight);
        counted.unwritten += 1;
        if !admitted || (self.by_day && counted.unwritten >= UNWRITTEN) {
            self.write(&mut counted, state).await?;
        }
        Ok(admitted)
    }

    async fn refresh(
        &self,
        counted: &mut Counted,
        state: &dyn StateStore,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if counted.read_at.is_some_and(|read_at| now.duration_since(read_at) < FRESH) {
            return Ok(());
        }
        let first = counted.read_at.is_none();
        let stored = stored(state).await?;
        let own = &mut counted.record;
        (own.held, own.accepted_until) = (stored.held, stored.accepted_until);
        own.created = own.created.max(stored.created);
        if self.by_day {
            own.changes = own.changes.max(stored.changes);
            own.cancellations = own.cancellations.max(stored.cancellations);
            own.since = stored.since.or(own.since);
        }
        let old = own.since.is_none_or(|since| now.duration_since(since) >= DAY);
        if old || (first && !self.by_day) {
            (own.since, own.changes, own.cancellations) = (Some(now), 0, 0);
        }
        counted.read_at = Some(now);
        Ok(())
    }

    async fn write(&self, counted: &mut Counted, state: &dyn StateStore) -> Result<(), StoreError> {
        counted.unwritten = 0;
        counted.record.created += self.made.swap(0, Ordering::Relaxed);
        keep(state, &counted.record).await
    }
}

impl GuardrailRecord {
    fn admits(&mut self, limits: Limits, linked: u64, now: Timestamp, weight: Weight) -> bool {
        if self.accepted_until.is_some_and(|until| now < until) {
            return true;
        }
        if self.held.is_some() {
            return false;
        }
        let changes = self.changes + 1;
        let cancellations = self.cancellations + u64::from(weight == Weight::Cancellation);
        let share = |count: u64| count * 100 > limits.share_percent * linked;
        let reason = if cancellations > limits.cancellations && share(cancellations) {
            Some(format!("{cancellations} cancellations of {linked} linked documents"))
        } else if changes > limits.changes && share(changes) {
            Some(format!("{changes} changes of {linked} linked documents"))
        } else {
            None
        };
        if let Some(what) = reason {
            self.held = Some(format!(
                "{what} are far more than usual; nothing more is changed until somebody accepts it"
            ));
            return false;
        }
        (self.changes, self.cancellations) = (changes, cancellations);
        true
    }
}

async fn stored(state: &dyn StateStore) -> Result<GuardrailRecord, StoreError> {
    let record = state.record(GUARDRAIL).await?;
    Ok(record.and_then(|record| serde_json::from_value(record).ok()).unwrap_or_default())
}

async fn keep(state: &dyn StateStore, record: &GuardrailRecord) -> Result<(), StoreError> {
    let record = serde_json::to_value(record).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    state.save_record(GUARDRAIL, Some(&record)).await
}

/// Why nothing is changed any more, if so.
pub async fn held_back(state: &dyn StateStore) -> Result<Option<String>, StoreError> {
    Ok(stored(state).await?.held)
}

impl Pipeline {
    /// Why nothing is changed any more, if so.
    pub async fn held_back(&self) -> Result<Option<String>, StoreError> {
        held_back(self.state.as_ref()).await
    }

    /// Lets through what is held back, and whatever comes within a day. Answers how many documents are back in the queue.
    pub async fn accept_changes(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let record = stored(self.state.as_ref()).await?;
        let accepted_until = now.checked_add(DAY).ok();
        let accepted =
            GuardrailRecord { accepted_until, created: record.created, ..GuardrailRecord::default() };
        keep(self.state.as_ref(), &accepted).await?;
        let parked = self.state.parked(usize::MAX).await?;
        let held: Vec<Parked> = parked.into_iter().filter(|parked| parked.code == Code::HeldBack).collect();
        for some in held.chunks(500) {
            self.release(some).await?;
        }
        Ok(held.len())
    }

    /// How an attempt ends that may not write.
    pub(crate) async fn held(&self, work: &Work) -> Stop {
        let reason = self.held_back().await.ok().flatten();
        let reason = reason.unwrap_or_else(|| "far more was to be changed than is usual".to_owned());
        if work.has_written() {
            // Part of it was sent before the limit was reached: the next attempt asks Coupa.
            return Stop::Unknown(Failure::new(Code::HeldBack, reason));
        }
        Failure::new(Code::HeldBack, reason).into()
    }

    /// Whether a write may be made. One that may not is not sent, and its attempt ends as held back.
    pub(crate) async fn is_admitted(&self, work: &mut Work, write: Write<'_>) -> Result<bool, StoreError> {
        if work.counted {
            return Ok(true);
        }
        let Some(weight) = weight(work.document(), write) else {
            work.counted |= matches!(write, Write::Create(_));
            return Ok(true);
        };
        let admitted = self.guardrail.admits(self.state.as_ref(), self.clock.now(), weight).await?;
        (work.counted, work.held_back) = (admitted, !admitted);
        Ok(admitted)
    }
}

/// What brings a document into being, or gives way to another one, is no change: a first sync closes very many orders that it
/// has just made. Neither is a payment, of which Coupa only ever gets more, nor the number that a supplier gets which has just become a
/// business partner: held back, the partner would have no supplier.
fn weight(document: &DocumentKey, write: Write<'_>) -> Option<Weight> {
    match write {
        _ if document.kind == ObjectKind::Payment || document.new_supplier_id().is_some() => None,
        Write::Update(..) => Some(Weight::Change),
        Write::Act(_, Action::Cancel | Action::Void | Action::Abandon) => Some(Weight::Cancellation),
        Write::Act(..) | Write::Create(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { changes: 5, share_percent: 20, cancellations: 2 };

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn admitted(record: &mut GuardrailRecord, linked: u64, weight: Weight) -> usize {
        (0..100).take_while(|_| record.admits(LIMITS, linked, now(), weight)).count()
    }

    #[test]
    fn it_takes_the_number_and_the_share() {
        assert_eq!(admitted(&mut GuardrailRecord::default(), 10, Weight::Change), 5);
        assert_eq!(admitted(&mut GuardrailRecord::default(), 50, Weight::Change), 10);
        assert_eq!(admitted(&mut GuardrailRecord::default(), 10, Weight::Cancellation), 2);
        assert_eq!(admitted(&mut GuardrailRecord::default(), 20, Weight::Cancellation), 4);
    }

    #[test]
    fn what_completes_a_creation_is_no_change() {
        let company = model::CompanyDb("ACME".to_owned());
        let body = model::Sent::new();
        let weight = |document: DocumentKey| weight(&document, Write::Update(model::CoupaId(7), &body));
        assert_eq!(weight(DocumentKey::new_supplier(&company, model::CoupaId(7))), None);
        assert_eq!(weight(DocumentKey::entry(&company, ObjectKind::Payment, 7)), None);
        assert_eq!(weight(DocumentKey::supplier(&company, "V7")), Some(Weight::Change));
    }

    #[test]
    fn once_held_it_stays_held_until_somebody_accepts() {
        let mut record = GuardrailRecord::default();
        admitted(&mut record, 10, Weight::Change);
        assert!(record.held.as_deref().unwrap().starts_with("6 changes of 10 linked documents"));
        assert!(!record.admits(LIMITS, 1_000_000, now(), Weight::Change));
        record = GuardrailRecord { accepted_until: Some(now() + DAY), ..record };
        assert_eq!(admitted(&mut record, 10, Weight::Cancellation), 100);
        assert!(!record.admits(LIMITS, 10, now() + DAY, Weight::Change));
    }
}
