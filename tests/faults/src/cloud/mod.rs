//! Queue, state, audit trail and budget as the two editions keep them: with SQS's and DynamoDB's semantics, or with
//! those of one SQLite file.
//!
//! What a worker asks takes effect a moment after it asked, whether it lives then or not, and the answer may get lost.

mod audit;
mod queue;
mod rows;
mod state;

use crate::{
    exec::Time,
    fault::{Fault, Faults},
    trace::Trace,
};
use coupa::BudgetState;
use futures::channel::oneshot;
use jiff::{SignedDuration, Timestamp};
use model::{AuditEntry, Change, Cursor, DocumentItem, DocumentKey, ObjectKind};
use rows::Row;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
};
use store::StoreError;

/// Whose promises hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// SQLite: ordered, folding, consistent.
    Machine,
    /// SQS and DynamoDB: neither of these.
    Aws,
}

/// What is kept, for everybody.
pub struct Cloud {
    edition: Edition,
    time: Arc<Time>,
    faults: Arc<Faults>,
    trace: Arc<Trace>,
    /// Calls take no time, for tests without an executor.
    at_once: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    messages: BTreeMap<u64, Message>,
    last_message: u64,
    /// Copies that come again although their message is gone.
    last_receipt: u64,
    dead: Vec<Change>,
    most_receives: u32,
    rows: BTreeMap<DocumentKey, Row>,
    cursors: BTreeMap<String, (Cursor, u64)>,
    records: BTreeMap<String, serde_json::Value>,
    budget: (BudgetState, u64),
    audit: Vec<AuditEntry>,
    numbers: BTreeSet<(ObjectKind, String, DocumentKey)>,
    idle: Vec<Waker>,
}

struct Message {
    change: Change,
    sent_at: Timestamp,
    visible_at: Timestamp,
    held: bool,
    /// Changes with each time it is received.
    receipt: u64,
    receive_count: u32,
}

/// A worker's way to it.
#[derive(Clone)]
pub struct Store {
    cloud: Arc<Cloud>,
    worker: usize,
}

/// What becomes of one call.
enum Fate {
    Done,
    NotDone(&'static str),
    ReplyLost,
}

impl Cloud {
    /// Empty.
    pub fn new(edition: Edition, time: Arc<Time>, faults: Arc<Faults>, trace: Arc<Trace>) -> Arc<Self> {
        let most_receives = if faults.times(Fault::ReceiveCount) > 0 { 12 } else { 1_000 };
        let inner = Inner { most_receives, ..Inner::default() };
        Arc::new(Self { edition, time, faults, trace, at_once: false, inner: Mutex::new(inner) })
    }

    /// One without faults, where calls take no time.
    pub fn at_once(edition: Edition, time: Arc<Time>) -> Arc<Self> {
        let (faults, trace) = (Arc::new(Faults::none()), Arc::new(Trace::new(0, false)));
        let inner = Inner { most_receives: 1_000, ..Inner::default() };
        Arc::new(Self { edition, time, faults, trace, at_once: true, inner: Mutex::new(inner) })
    }

    /// A worker's way to it.
    pub fn handle(self: &Arc<Self>, worker: usize) -> Store {
        Store { cloud: Arc::clone(self), worker }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// When there is something to receive, or to release, next.
    pub fn next_due(&self) -> Option<Timestamp> {
        let inner = self.lock();
        let message = inner.messages.values().map(|message| message.visible_at).min();
        message.into_iter().chain(inner.next_parked()).min()
    }

    /// When there is something to release next.
    pub fn next_parked(&self) -> Option<Timestamp> {
        self.lock().next_parked()
    }

    /// Comes back when there may be something to receive, at the latest then.
    pub async fn idle(&self, at_most: SignedDuration) {
        let end = self.time.now() + at_most;
        self.time.sleep(LEAST_REST).await;
        loop {
            let now = self.time.now();
            let due = self.lock().messages.values().map(|message| message.visible_at).min();
            if now >= end || due.is_some_and(|due| due <= now) {
                return;
            }
            let mut waited = false;
            let news = std::future::poll_fn(|context| {
                if std::mem::replace(&mut waited, true) {
                    return Poll::Ready(());
                }
                let idle = &mut self.lock().idle;
                idle.retain(|waker| !waker.will_wake(context.waker()));
                idle.push(context.waker().clone());
                Poll::Pending
            });
            let until = due.map_or(end, |due| due.min(end));
            futures::future::select(news, self.time.until(until)).await;
        }
    }

    /// How many messages there are, in anybody's hands or not.
    pub fn messages(&self) -> usize {
        self.lock().messages.len()
    }

    /// What is there, for people.
    pub fn describe_messages(&self) -> Vec<String> {
        let inner = self.lock();
        let line = |message: &Message| {
            format!(
                "{} {:?} {:?}, visible at {}",
                message.change.document, message.change.step, message.change.cause, message.visible_at
            )
        };
        inner.messages.values().map(line).collect()
    }

    /// Puts what the queue gave up on back into it, as an operator does. Answers how many.
    pub fn redrive_queue(&self) -> usize {
        let dead = std::mem::take(&mut self.lock().dead);
        let now = self.time.now();
        let mut inner = self.lock();
        for change in &dead {
            inner.put(change.clone(), now);
        }
        inner.wake(dead.len());
        dead.len()
    }

    /// How many changes the queue gave up on, and nobody put back.
    pub fn dead_messages(&self) -> usize {
        self.lock().dead.len()
    }

    /// Puts a change in, as the operator's command does.
    pub fn enqueue(&self, change: Change) {
        let now = self.time.now();
        let mut inner = self.lock();
        inner.put(change, now);
        inner.wake(1);
    }

    /// Looks at every audit entry there is.
    pub fn in_audit<T>(&self, look: impl FnOnce(&[AuditEntry]) -> T) -> T {
        look(&self.lock().audit)
    }

    /// Whether some document waits, and whether one is a dead letter.
    pub fn unsettled(&self) -> (bool, bool) {
        let inner = self.lock();
        let any = |fits: fn(&DocumentItem) -> bool| inner.rows.values().any(|row| fits(&row.item));
        (any(|item| item.parked.is_some()), any(|item| item.dead_letter.is_some()))
    }

    /// Every document of which that holds.
    pub fn documents_where(&self, holds: impl Fn(&DocumentItem) -> bool) -> Vec<DocumentKey> {
        let inner = self.lock();
        inner.rows.iter().filter(|(_, row)| holds(&row.item)).map(|(key, _)| key.clone()).collect()
    }

    /// Every document with an attempt that never ended.
    pub fn left_unknown(&self) -> Vec<DocumentKey> {
        let inner = self.lock();
        inner.rows.iter().filter(|(_, row)| row.is_open()).map(|(key, _)| key.clone()).collect()
    }

    /// Every document that was ever worked on, and its item.
    pub fn items(&self) -> Vec<(DocumentKey, DocumentItem)> {
        self.lock().rows.iter().map(|(key, row)| (key.clone(), row.item.clone())).collect()
    }

    /// Whether some cursor is in the middle of a pass.
    pub fn a_pass_is_under_way(&self) -> bool {
        self.lock().cursors.values().any(|(cursor, _)| cursor.pass.is_some())
    }
}

/// Nobody asks again sooner.
const LEAST_REST: SignedDuration = SignedDuration::from_millis(200);

impl Inner {
    /// One who waits for each that can be received; those behind them would find nothing.
    fn wake(&mut self, messages: usize) {
        let kept = self.idle.len().saturating_sub(messages);
        self.idle.drain(kept..).for_each(Waker::wake);
    }

    fn next_parked(&self) -> Option<Timestamp> {
        self.rows.values().filter_map(|row| Some(row.item.parked.as_ref()?.due_at)).min()
    }
}

impl Store {
    /// One call: takes effect at the other end, then the answer comes back.
    async fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        fate: Fate,
        effect: impl FnOnce(&mut Inner, &Cloud) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let cloud = &self.cloud;
        if cloud.at_once {
            return effect(&mut cloud.lock(), cloud);
        }
        let (answer, answered) = oneshot::channel();
        let pause = SignedDuration::from_micros(cloud.trace.latency().between(900, 9_000));
        let (there, worker) = (Arc::clone(cloud), self.worker);
        cloud.time.after(pause, move || {
            let done = match fate {
                Fate::NotDone(why) => Err(StoreError::Unavailable(why.to_owned())),
                Fate::Done | Fate::ReplyLost => effect(&mut there.lock(), &there),
            };
            there.trace.note(&there.time, worker, what, u64::from(done.is_ok()));
            let lost = matches!(fate, Fate::ReplyLost);
            let done = if lost { Err(StoreError::Unavailable("no reply".to_owned())) } else { done };
            // Whoever asked may be dead.
            drop(answer.send(done));
        });
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("gone".to_owned())))
    }

    fn state_fate(&self, transaction: bool) -> Fate {
        let faults = &self.cloud.faults;
        if faults.hits(Fault::StoreThrottled) {
            Fate::NotDone("throttled")
        } else if transaction && faults.hits(Fault::StoreConflict) {
            Fate::NotDone("transaction conflict")
        } else if faults.hits(Fault::StoreReplyLost) {
            Fate::ReplyLost
        } else {
            Fate::Done
        }
    }

    fn queue_fate(&self) -> Fate {
        let faults = &self.cloud.faults;
        if faults.hits(Fault::QueueFails) {
            Fate::NotDone("throttled")
        } else if faults.hits(Fault::QueueReplyLost) {
            Fate::ReplyLost
        } else {
            Fate::Done
        }
    }
}

impl Cloud {
    /// A record, as it is.
    pub fn record(&self, name: &str) -> Option<serde_json::Value> {
        self.lock().records.get(name).cloned()
    }
}
