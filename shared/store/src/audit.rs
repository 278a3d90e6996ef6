use crate::StoreError;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date};
use model::{AuditEntry, DocumentKey, ObjectKind};

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only attempts that failed for good.
    pub failed: bool,
    /// Only attempts that ended at or after this moment.
    pub since: Option<Timestamp>,
    /// At most so many, newest kept; the list is oldest first.
    pub limit: usize,
}

/// Every attempt, for good. Entries are appended by [`crate::StateStore::finish`] alone.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// The attempts on one document, oldest first.
    async fn of_document(&self, document: &DocumentKey) -> Result<Vec<AuditEntry>, StoreError>;

    /// The documents of a kind that people know or ever knew by this number (SAP's or Coupa's), or whose SAP key it is;
    /// exactly, without regard to order.
    async fn find(&self, kind: ObjectKind, number: &str) -> Result<Vec<DocumentKey>, StoreError>;

    /// Attempts over all documents, oldest first.
    async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError>;
}

/// An audit trail whose entries expire by themselves, each so long after its moment. Days are those of UTC.
#[async_trait]
pub trait ExpiringTrail: Send + Sync {
    /// How long an entry that is written now is kept; `None` for good.
    fn kept_for(&self) -> Option<SignedDuration>;

    /// Every day that ever had entries, oldest first; those of some may have expired since.
    async fn days(&self) -> Result<Vec<Date>, StoreError>;

    /// What is left of the entries of a day, in no order. Handed on in small parts, because a day may have very many.
    async fn of_day(&self, day: Date, take: &mut (dyn FnMut(AuditEntry) + Send)) -> Result<(), StoreError>;
}
