//! A state store that fails over documents of a certain name.

use async_trait::async_trait;
use jiff::Timestamp;
use model::{Cursor, DocumentItem, DocumentKey, Lease, Parked};
use serde_json::Value;
use std::sync::Arc;
use store::{DeadLetterRow, EmbeddedStore, Finish, LeaseReply, LeaseRequest, StateStore, StoreError};

/// No lease is given on these; those before it in the same call are.
pub(crate) const NO_LEASE: &str = "SHUT";
/// The end of an attempt on these is not written.
pub(crate) const NO_END: &str = "BUSY";
/// It is, and nobody hears so.
pub(crate) const END_UNHEARD: &str = "DEAF";

pub(crate) struct Throttled(pub(crate) Arc<EmbeddedStore>);

fn is(document: &DocumentKey, name: &str) -> bool {
    document.to_string().contains(name)
}

fn throttled() -> StoreError {
    StoreError::Unavailable("throttled".to_owned())
}

#[async_trait]
impl StateStore for Throttled {
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError> {
        match requests.iter().position(|request| is(&request.document, NO_LEASE)) {
            None => self.0.take_leases(requests).await,
            Some(at) => {
                self.0.take_leases(&requests[..at]).await?;
                Err(throttled())
            }
        }
    }

    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError> {
        self.0.renew_lease(lease, until).await
    }

    async fn finish(&self, finish: Finish) -> Result<(), StoreError> {
        let of = |name| finish.documents.iter().any(|finished| is(&finished.lease.document, name));
        let (lost, unheard) = (of(NO_END), of(END_UNHEARD));
        if lost {
            return Err(throttled());
        }
        self.0.finish(finish).await?;
        if unheard { Err(throttled()) } else { Ok(()) }
    }

    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.0.release(leases).await
    }

    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError> {
        self.0.items(documents).await
    }

    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.0.due_parked(now, limit).await
    }

    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError> {
        self.0.waiting_for(document).await
    }

    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError> {
        self.0.unpark(parked).await
    }

    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError> {
        self.0.next_parked().await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError> {
        self.0.parked(limit).await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.0.dead_letters().await
    }

    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError> {
        self.0.cursor(name).await
    }

    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError> {
        self.0.save_cursor(name, cursor, revision).await
    }

    async fn record(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.0.record(name).await
    }

    async fn save_record(&self, name: &str, value: Option<&Value>) -> Result<(), StoreError> {
        self.0.save_record(name, value).await
    }

    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&Value>,
        value: &Value,
    ) -> Result<bool, StoreError> {
        self.0.replace_record(name, seen, value).await
    }
}
