//! The audit trail.

use super::Store;
use async_trait::async_trait;
use model::{AuditEntry, AuditOutcome, DocumentKey, ObjectKind};
use store::{AuditFilter, AuditTrail, StoreError};

#[async_trait]
impl AuditTrail for Store {
    async fn of_document(&self, document: &DocumentKey) -> Result<Vec<AuditEntry>, StoreError> {
        let document = document.clone();
        self.call("audit of document", self.state_fate(false), move |inner, _| {
            let mut entries: Vec<_> =
                inner.audit.iter().filter(|entry| entry.document == document).cloned().collect();
            entries.sort_by_key(|entry| entry.at);
            Ok(entries)
        })
        .await
    }

    async fn find(&self, kind: ObjectKind, number: &str) -> Result<Vec<DocumentKey>, StoreError> {
        let number = number.to_owned();
        self.call("find", self.state_fate(false), move |inner, _| {
            let fits = |known: &&(ObjectKind, String, DocumentKey)| known.0 == kind && known.1 == number;
            Ok(inner.numbers.iter().filter(fits).map(|known| known.2.clone()).collect())
        })
        .await
    }

    async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let filter = filter.clone();
        self.call("list audit", self.state_fate(false), move |inner, _| {
            let fits = |entry: &&AuditEntry| {
                (!filter.failed || entry.outcome == AuditOutcome::Failed)
                    && filter.since.is_none_or(|since| entry.at >= since)
            };
            let mut entries: Vec<_> = inner.audit.iter().filter(fits).cloned().collect();
            entries.sort_by_key(|entry| entry.at);
            let from = entries.len().saturating_sub(filter.limit);
            Ok(entries.split_off(from))
        })
        .await
    }
}
