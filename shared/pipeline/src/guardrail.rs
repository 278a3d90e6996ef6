//! Stops what would change far more of Coupa than is usual, such as after a slip in the mapping file, until a person has looked.
//!
//! Creations never count. A change that is held back is parked: nothing is lost, and everything else goes on. What counts stands in
//! a record of the state store. Workers that run at once draw on it by blocks, each counted before the first change of it is
//! made: together they never make more than the limit says, and a write for each change is not needed.

mod tally;

use crate::{
    Pipeline,
    attempt::{Stop, Work, Write},
};
use coupa::Action;
use jiff::{SignedDuration, Timestamp};
use model::{Code, DocumentKey, Failure, ObjectKind, Parked};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{StateStore, StoreError};
pub use tally::Limits;
use tally::{Tally, Weight};

/// The record's name in the state store.
const GUARDRAIL: &str = "guardrail";
/// Counts of several runs, or of one that never ends, begin anew after so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What was made is written so often, where nothing else tells how many documents are linked.
const UNWRITTEN_MADE: u64 = 50;
/// Others' counts, and a person's leave, are read so often.
const FRESH: SignedDuration = SignedDuration::from_secs(5);
/// Others were quicker to write so often before it is given up for now.
const TRIES: usize = 20;

/// What stands in the state store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct GuardrailRecord {
    /// Since when it is counted.
    since: Option<Timestamp>,
    /// What was changed since, or may be by whoever drew it.
    #[serde(flatten)]
    tally: Tally,
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
    /// A run counts for itself; those that never end count together, by the day.
    by_day: bool,
    /// Where that can be told without counting what is made.
    linked: AtomicU64,
    made: AtomicU64,
    counted: futures::lock::Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// As the store had it last.
    record: GuardrailRecord,
    stored: Option<Value>,
    read_at: Option<Timestamp>,
    /// Of a run: what it has changed. Else: what it drew and has not made yet.
    own: Tally,
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
        let made = self.made.swap(0, Ordering::Relaxed);
        let added =
            change(state, |record| GuardrailRecord { created: record.created + made, ..record }).await;
        match added {
            Ok(()) => counted.read_at = None,
            Err(_) => drop(self.made.fetch_add(made, Ordering::Relaxed)),
        }
        added
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
        if counted.read_at.is_none_or(|read_at| now.duration_since(read_at) >= FRESH) {
            counted.read(state, now).await?;
        }
        for _ in 0..TRIES {
            if counted.record.is_accepted(now) {
                counted.own = Tally::default();
                return Ok(true);
            }
            if counted.record.held.is_some() {
                return Ok(false);
            }
            let linked = self.linked(&counted.record);
            let (next, admitted) = if self.by_day {
                if counted.own.take(weight) {
                    return Ok(true);
                }
                counted.record.draw(limits, linked, now, weight)
            } else {
                if limits.room(counted.own, linked, weight) > 0 {
                    counted.own.add(weight, 1);
                    return Ok(true);
                }
                (counted.record.hold(&limits.refusal(counted.own, linked, weight)), 0)
            };
            if counted.replace(state, next).await? {
                counted.own.add(weight, admitted.saturating_sub(1));
                return Ok(admitted > 0);
            }
            counted.read(state, now).await?;
        }
        Err(StoreError::Conflict("the guardrail's counts".to_owned()))
    }

    fn linked(&self, record: &GuardrailRecord) -> u64 {
        let linked = self.linked.load(Ordering::Relaxed).max(record.created);
        linked.saturating_add(self.made.load(Ordering::Relaxed))
    }
}

impl Counted {
    async fn read(&mut self, state: &dyn StateStore, now: Timestamp) -> Result<(), StoreError> {
        self.stored = state.record(GUARDRAIL).await?;
        self.record = parse(self.stored.clone());
        self.read_at = Some(now);
        Ok(())
    }

    async fn replace(&mut self, state: &dyn StateStore, next: GuardrailRecord) -> Result<bool, StoreError> {
        let value = written(&next)?;
        let replaced = state.replace_record(GUARDRAIL, self.stored.as_ref(), &value).await?;
        if replaced {
            (self.record, self.stored) = (next, Some(value));
        }
        Ok(replaced)
    }
}

impl GuardrailRecord {
    fn is_accepted(&self, now: Timestamp) -> bool {
        self.accepted_until.is_some_and(|until| now < until)
    }

    fn hold(&self, what: &str) -> Self {
        let reason =
            format!("{what} are far more than usual; nothing more is changed until somebody accepts it");
        Self { held: Some(reason), ..self.clone() }
    }

    /// What is to be written before another change may be made, and how many may be then.
    fn draw(&self, limits: Limits, linked: u64, now: Timestamp, weight: Weight) -> (Self, u64) {
        let mut next = self.clone();
        if self.since.is_none_or(|since| now.duration_since(since) >= DAY) {
            (next.since, next.tally) = (Some(now), Tally::default());
        }
        let block = limits.block(next.tally, linked, weight);
        if block == 0 {
            return (next.hold(&limits.refusal(next.tally, linked, weight)), 0);
        }
        next.tally.add(weight, block);
        (next, block)
    }
}

fn parse(stored: Option<Value>) -> GuardrailRecord {
    stored.and_then(|record| serde_json::from_value(record).ok()).unwrap_or_default()
}

fn written(record: &GuardrailRecord) -> Result<Value, StoreError> {
    serde_json::to_value(record).map_err(|error| StoreError::Corrupt(error.to_string()))
}

async fn stored(state: &dyn StateStore) -> Result<GuardrailRecord, StoreError> {
    Ok(parse(state.record(GUARDRAIL).await?))
}

/// Changes the record, whatever others write meanwhile.
async fn change(
    state: &dyn StateStore,
    next: impl Fn(GuardrailRecord) -> GuardrailRecord,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let seen = state.record(GUARDRAIL).await?;
        let value = written(&next(parse(seen.clone())))?;
        if state.replace_record(GUARDRAIL, seen.as_ref(), &value).await? {
            return Ok(());
        }
    }
    Err(StoreError::Conflict("the guardrail's counts".to_owned()))
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
        let accepted_until = now.checked_add(DAY).ok();
        change(self.state.as_ref(), |record| GuardrailRecord {
            accepted_until,
            created: record.created,
            ..GuardrailRecord::default()
        })
        .await?;
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
mod tests;
