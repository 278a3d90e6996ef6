//! Polls that move no cursor and fill no queue: what they find is planned, not done.

use crate::{Pipeline, PollError, PollReport};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::{Change, Cursor, DocumentItem, DocumentKey, Lease, ObjectKind, Parked};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use store::{
    DeadLetterCopy, DeadLetterRow, Depth, Finish, LeaseReply, LeaseRequest, Queue, Receipt, Received,
    StateStore, StoreError,
};

/// A pipeline that reads as the real one does, from where its cursors are, and remembers what it found in memory alone.
pub struct Shadow {
    /// The pipeline to poll and plan with.
    pub pipeline: Pipeline,
    found: Arc<Found>,
}

impl Shadow {
    /// Begins where the cursors of `pipeline` are.
    pub fn of(pipeline: &Pipeline) -> Self {
        let found = Arc::new(Found::default());
        let state = ShadowState { real: Arc::clone(&pipeline.state), cursors: Mutex::default() };
        let queue = ShadowQueue(Arc::clone(&found));
        let pipeline = Pipeline { queue: Arc::new(queue), state: Arc::new(state), ..pipeline.clone() };
        Self { pipeline, found }
    }

    /// Polls one object to the end of its pass; answers the documents that a sync would look at.
    pub async fn poll(&self, kind: ObjectKind) -> Result<(Vec<DocumentKey>, PollReport), PollError> {
        let mut whole = PollReport::default();
        loop {
            let report = self.pipeline.poll(kind).await?;
            whole.rows += report.rows;
            whole.enqueued += report.enqueued;
            whole.coupa_failed = report.coupa_failed.or(whole.coupa_failed);
            if !report.more {
                break;
            }
        }
        Ok((self.found.take(), whole))
    }
}

#[derive(Default)]
struct Found(Mutex<Vec<DocumentKey>>);

impl Found {
    fn take(&self) -> Vec<DocumentKey> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct ShadowQueue(Arc<Found>);

#[async_trait]
impl Queue for ShadowQueue {
    async fn send(&self, changes: &[Change], _: Timestamp) -> Result<(), StoreError> {
        let documents = changes.iter().map(|change| change.document.clone());
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).extend(documents);
        Ok(())
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

/// Reads what is there, and keeps cursors to itself. Nothing else is ever asked of it.
struct ShadowState {
    real: Arc<dyn StateStore>,
    cursors: Mutex<BTreeMap<String, (Cursor, u64)>>,
}

fn writes() -> StoreError {
    StoreError::Unavailable("a shadow writes nothing".to_owned())
}

#[async_trait]
impl StateStore for ShadowState {
    async fn take_leases(&self, _: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        Err(writes())
    }

    async fn renew_lease(&self, _: &Lease, _: Timestamp) -> Result<Lease, StoreError> {
        Err(writes())
    }

    async fn finish(&self, _: Finish) -> Result<(), StoreError> {
        Err(writes())
    }

    async fn release(&self, _: &[Lease]) -> Result<(), StoreError> {
        Err(writes())
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        self.real.items(documents).await
    }

    async fn due_parked(&self, _: Timestamp, _: usize) -> Result<Vec<Parked>, StoreError> {
        Ok(vec![])
    }

    async fn waiting_for(&self, _: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        Ok(vec![])
    }

    async fn unpark(&self, _: &[Parked]) -> Result<(), StoreError> {
        Err(writes())
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.real.next_parked().await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.real.parked(limit).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.real.dead_letters().await
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        let kept = self.cursors.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        match kept {
            Some(kept) => Ok(kept),
            None => self.real.cursor(name).await,
        }
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        cursors.insert(name.to_owned(), (cursor.clone(), revision + 1));
        Ok(revision + 1)
    }

    async fn record(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.real.record(name).await
    }

    async fn save_record(&self, _: &str, _: Option<&Value>) -> Result<(), StoreError> {
        Err(writes())
    }

    async fn replace_record(&self, _: &str, _: Option<&Value>, _: &Value) -> Result<bool, StoreError> {
        Err(writes())
    }
}
