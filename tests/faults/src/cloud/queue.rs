//! The queue: what SQS promises and no more, or the ordered one of the single machine.

use super::{Cloud, Edition, Fate, Inner, Message, Store};
use crate::fault::Fault;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, Lane};
use std::cmp::Reverse;
use store::{DeadLetterCopy, Depth, Queue, Receipt, Received, StoreError};

impl Inner {
    pub(super) fn put(&mut self, change: Change, now: Timestamp) {
        self.last_message += 1;
        let message =
            Message { change, sent_at: now, visible_at: now, held: false, receipt: 0, receive_count: 0 };
        self.messages.insert(self.last_message, message);
    }

    /// Takes the change into one that nobody has received yet, if there is one.
    fn fold(&mut self, change: &Change) -> bool {
        let equal = |message: &&mut Message| {
            message.receive_count == 0
                && message.change.document == change.document
                && message.change.step == change.step
        };
        let Some(message) = self.messages.values_mut().find(equal) else { return false };
        message.change.lane = message.change.lane.min(change.lane);
        message.change.whatever_date |= change.whatever_date;
        true
    }

    fn send(&mut self, changes: &[Change], now: Timestamp, edition: Edition) {
        for change in changes {
            if edition == Edition::Aws || !self.fold(change) {
                self.put(change.clone(), now);
            }
        }
        self.wake(changes.len());
    }

    fn receive(
        &mut self,
        cloud: &Cloud,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Vec<Received> {
        let faults = &cloud.faults;
        let mut ids: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, message)| message.visible_at <= now)
            .map(|(id, _)| *id)
            .collect();
        if cloud.edition == Edition::Aws && ids.len() > 1 && faults.hits(Fault::Reordered) {
            let random = faults.random(Fault::Reordered);
            for at in (1..ids.len()).rev() {
                ids.swap(at, random.below(at + 1));
            }
        } else if cloud.edition == Edition::Machine {
            ids.sort_by_key(|id| self.messages.get(id).map(|it| (it.change.lane, it.change.rank(), *id)));
        }
        ids.truncate(max);
        let mut received = Vec::with_capacity(ids.len());
        for id in ids {
            received.extend(self.hand_out(cloud, id, visibility, now));
        }
        received
    }

    fn hand_out(
        &mut self,
        cloud: &Cloud,
        id: u64,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Option<Received> {
        let message = self.messages.get_mut(&id)?;
        if message.held && message.receive_count > 0 {
            cloud.faults.saw("visibility ran out under a worker");
        }
        if cloud.edition == Edition::Aws && message.receive_count >= self.most_receives {
            let message = self.messages.remove(&id)?;
            cloud.faults.met(Fault::ReceiveCount);
            self.dead.push(message.change);
            return None;
        }
        self.last_receipt += 1;
        message.receive_count += 1;
        message.receipt = self.last_receipt;
        message.held = true;
        message.visible_at = now + visibility;
        if cloud.edition == Edition::Aws && cloud.faults.hits(Fault::Duplicated) {
            // It stays in sight of others.
            message.visible_at = now;
        }
        Some(Received {
            change: message.change.clone(),
            receipt: Receipt(format!("{id}.{}", message.receipt)),
            receive_count: message.receive_count,
            copy_of: None,
        })
    }

    fn held(&mut self, receipt: &Receipt) -> Option<(u64, &mut Message)> {
        let (id, number) = receipt.0.split_once('.')?;
        let id = id.parse().ok()?;
        let message = self.messages.get_mut(&id)?;
        (message.held && Ok(message.receipt) == number.parse()).then_some((id, message))
    }

    fn ack(&mut self, cloud: &Cloud, receipts: &[Receipt], now: Timestamp) {
        for receipt in receipts {
            let Some((id, message)) = self.held(receipt) else { continue };
            if cloud.edition == Edition::Aws && cloud.faults.hits(Fault::Duplicated) {
                // One of its copies was out of reach.
                message.held = false;
                message.receipt = 0;
                message.visible_at = now + SignedDuration::from_secs(5);
            } else {
                self.messages.remove(&id);
            }
        }
    }
}

#[async_trait]
impl Queue for Store {
    async fn send(&self, changes: &[Change], now: Timestamp) -> Result<(), StoreError> {
        let fate = self.queue_fate();
        let mut changes = changes.to_vec();
        if matches!(fate, Fate::ReplyLost) && self.cloud.edition == Edition::Aws && changes.len() > 1 {
            // Batches of ten: some arrived.
            changes.truncate(1 + self.cloud.faults.random(Fault::QueueReplyLost).below(changes.len()));
        }
        self.call("send", fate, move |inner, cloud| {
            inner.send(&changes, now, cloud.edition);
            Ok(())
        })
        .await
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        self.call("receive", self.queue_fate(), move |inner, cloud| {
            let now = if cloud.edition == Edition::Aws { cloud.time.now() } else { now };
            Ok(inner.receive(cloud, max, visibility, now))
        })
        .await
    }

    async fn ack(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let faults = &self.cloud.faults;
        let mut receipts = receipts.to_vec();
        let mut fate = self.queue_fate();
        if faults.hits(Fault::AckLost) {
            receipts.truncate(faults.random(Fault::AckLost).below(receipts.len() + 1));
            fate = if faults.random(Fault::AckLost).percent(50) { Fate::ReplyLost } else { Fate::Done };
        }
        self.call("ack", fate, move |inner, cloud| {
            inner.ack(cloud, &receipts, cloud.time.now());
            Ok(())
        })
        .await
    }

    async fn put_back(&self, receipt: &Receipt, at: Timestamp) -> Result<(), StoreError> {
        let receipt = receipt.clone();
        self.call("put back", self.queue_fate(), move |inner, _| {
            if let Some((_, message)) = inner.held(&receipt) {
                message.held = false;
                message.visible_at = at;
                inner.wake(1);
            }
            Ok(())
        })
        .await
    }

    async fn copy_dead_letter(&self, _: &DeadLetterCopy) -> Result<(), StoreError> {
        // Nobody puts a copy back: operators redrive from the records.
        self.call("copy dead letter", self.queue_fate(), |_, _| Ok(())).await
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        self.call("depth", Fate::Done, |inner, _| {
            let mut depth = Depth::default();
            for message in inner.messages.values() {
                *depth.by_lane.entry(message.change.lane).or_default() += 1;
                depth.in_flight += u64::from(message.held);
                depth.oldest = Some(depth.oldest.map_or(message.sent_at, |at| at.min(message.sent_at)));
            }
            Ok(depth)
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.call("next due", Fate::Done, |inner, _| {
            let by_urgency =
                |message: &&Message| (message.visible_at, Reverse(message.change.lane == Lane::Live));
            Ok(inner.messages.values().min_by_key(by_urgency).map(|message| message.visible_at))
        })
        .await
    }
}
