//! What comes into the queue from others than the poller: SAP's webhooks, and people who replay.

mod receiving;
mod replaying;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, CompanyDb, DocumentKey, ObjectKind, Random};
use simulators::clock::ManualClock;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use store::{DeadLetterCopy, Depth, EmbeddedStore, Queue, Receipt, Received, StoreError};

/// Counts, which is random enough.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// A queue that is away.
struct Away;

#[async_trait]
impl Queue for Away {
    async fn send(&self, _: &[Change], _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("away".to_owned()))
    }

    async fn receive(&self, _: usize, _: SignedDuration, _: Timestamp) -> Result<Vec<Received>, StoreError> {
        Ok(vec![])
    }

    async fn ack(&self, _: &[Receipt]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn put_back(&self, _: &Receipt, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn copy_dead_letter(&self, _: &DeadLetterCopy) -> Result<(), StoreError> {
        Ok(())
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        Ok(Depth::default())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

fn company() -> CompanyDb {
    CompanyDb("SBODEMOUS".to_owned())
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn clock() -> ManualClock {
    ManualClock::new(noon())
}

fn invoice(doc_entry: i64) -> DocumentKey {
    DocumentKey::entry(&company(), ObjectKind::Invoice, doc_entry)
}

/// Everything that can be received now.
async fn queued(store: &Arc<EmbeddedStore>) -> Vec<Change> {
    let later = noon() + SignedDuration::from_hours(1);
    let received = store.receive(1_000, SignedDuration::from_mins(5), later).await.unwrap();
    received.into_iter().map(|message| message.change).collect()
}
