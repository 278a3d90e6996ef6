//! The queue as a function sees it that an SQS event source mapping has invoked: the messages are in its hands already, and it
//! answers which of them it did not get done.

use super::{SqsQueue, decode_message, queue::receipt};
use crate::{DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, Code, Failure, Lane};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One record of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaRecord {
    /// By which the answer names it.
    pub message_id: String,
    /// By which its visibility can be changed.
    pub receipt_handle: String,
    /// The message.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// The ARN of the queue it came from.
    pub source_arn: String,
}

/// A record that is no change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub message_id: String,
    /// Why.
    pub failure: Failure,
}

/// One event's messages. What is sent goes to the real queues.
pub struct LambdaQueue {
    queue: Arc<SqsQueue>,
    /// The ids of messages that are not done, by their receipts.
    held: Mutex<BTreeMap<Receipt, String>>,
}

impl LambdaQueue {
    /// The queue, and the event's records. One that can't be read goes to the dead letters and is done with; where even that
    /// fails, it counts as not done.
    pub async fn of_event(
        queue: Arc<SqsQueue>,
        records: Vec<LambdaRecord>,
    ) -> (Self, Vec<Received>, Vec<Unreadable>) {
        let (mut held, mut received, mut unreadable) = (BTreeMap::new(), Vec::new(), Vec::new());
        for record in records {
            let lane = queue.lane_of(&record.source_arn);
            let receipt = receipt(lane.unwrap_or(Lane::Live), &record.receipt_handle);
            let strange = || {
                Failure::new(Code::MessageUnreadable, format!("{} is no queue of ours", record.source_arn))
            };
            match lane.ok_or_else(strange).and_then(|_| decode_message(&record.body)) {
                Ok(message) => {
                    received.push(Received {
                        change: message.change,
                        receipt: receipt.clone(),
                        receive_count: record.receive_count,
                        copy_of: message.copy_of,
                    });
                    held.insert(receipt, record.message_id);
                }
                Err(failure) => {
                    if let Err(error) = queue.set_aside(&record.body, &failure).await {
                        tracing::warn!(reason = %error, "a message that can't be read stays in its queue");
                        held.insert(receipt, record.message_id.clone());
                    }
                    unreadable.push(Unreadable { message_id: record.message_id, failure });
                }
            }
        }
        (Self { queue, held: Mutex::new(held) }, received, unreadable)
    }

    /// The messages that must come again: the answer's `batchItemFailures`. Lambda deletes all others.
    pub fn unacked(&self) -> Vec<String> {
        self.held().values().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Receipt, String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for LambdaQueue {
    async fn send(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        self.queue.send(changes, now).await
    }

    /// Lambda receives.
    async fn receive(
        &self,
        _max: usize,
        _visibility: SignedDuration,
        _now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        Ok(vec![])
    }

    /// Remembered for the answer.
    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let mut held = self.held();
        for receipt in receipts {
            held.remove(receipt);
        }
        Ok(())
    }

    /// Its time is set at once; the answer names it as not done, which leaves its time alone.
    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError> {
        self.queue.put_back(receipt, at).await
    }

    async fn copy_dead_letter(&self, copy: &DeadLetterCopy) -> Result<(), StoreError> {
        self.queue.copy_dead_letter(copy).await
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        self.queue.depth().await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.queue.next_due().await
    }
}
