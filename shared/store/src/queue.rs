use crate::StoreError;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, DeadLetter, Lane};
use std::collections::BTreeMap;

/// Proves that a message was received; used to ack it or to put it back. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt(pub String);

/// A message in somebody's hands until its visibility runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was sent.
    pub change: Change,
    /// For acking it.
    pub receipt: Receipt,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// The message is the copy of a dead letter of that moment, put back by somebody from the dead-letter queue. Where the
    /// document has no dead letter any more, there is nothing to do.
    pub copy_of: Option<Timestamp>,
}

/// A dead letter as it stands in a dead-letter queue, for those who operate queues. The record in the state store is what
/// counts; this is its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterCopy {
    /// The change that failed.
    pub change: Change,
    /// Why it failed, and when.
    pub letter: DeadLetter,
    /// Attempts since the last success.
    pub attempts: u32,
}

/// How much is in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages by lane, in flight or not.
    pub by_lane: BTreeMap<Lane, u64>,
    /// Of these, received and neither acked nor put back yet.
    pub in_flight: u64,
    /// When the oldest was sent.
    pub oldest: Option<Timestamp>,
}

/// At-least-once, unordered, with a visibility timeout: what SQS promises, and no more.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts changes in. After `Ok` they are durable. An adapter may fold a change into an equal one (same document
    /// and step) that nobody has ever received; the more urgent lane wins, and so does `whatever_date`. One that was
    /// received and is back takes no other in: whoever had it may still ack it, and its time may be far off.
    async fn send(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError>;

    /// Takes up to `max` messages out of sight for `visibility`: live before backfill, then by [`Change::rank`], as far
    /// as the adapter can order.
    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Received>, StoreError>;

    /// Removes messages for good. A receipt does nothing once its message was received again. Before that, when its
    /// visibility ran out or it was put back, it may or may not do so: an adapter can't always tell.
    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError>;

    /// Puts a message back, to be seen again at `at`. Receipts count as for [`Self::ack`].
    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError>;

    /// Leaves a copy of a dead letter where operators of the queue look for it. Comes after the record is in the state store
    /// and before the message is acked, so the same copy may be left twice. A queue without a dead-letter queue
    /// does nothing.
    async fn copy_dead_letter(&self, copy: &DeadLetterCopy) -> Result<(), StoreError>;

    /// How much is in it. For people: it may have to count everything, and it may be a moment old.
    async fn depth(&self) -> Result<Depth, StoreError>;

    /// When the next message can be received: now or earlier if one can be at once. `None` if it is empty, or if
    /// the adapter can't tell.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
}
