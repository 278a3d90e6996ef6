use crate::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use model::{AuditEntry, CorrelationId, Cursor, DeadLetter, DocumentItem, DocumentKey, Lease, Owner, Parked};

/// Asks for the lease on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Which document.
    pub document: DocumentKey,
    /// Who asks. An owner that already holds the lease does not get it twice.
    pub owner: Owner,
    /// By our clock.
    pub now: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// For which change.
    pub correlation: CorrelationId,
}

/// The answer to a [`LeaseRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseReply {
    /// Taken, with the item as it stands. An attempt found open is in [`DocumentItem::unknown`], and
    /// [`DocumentItem::unfinished`] already counts it.
    Taken(Lease, Box<DocumentItem>),
    /// Somebody else holds it.
    Held {
        /// Until then at the latest.
        until: Timestamp,
    },
}

/// How one document of an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedDocument {
    /// The lease under which the attempt ran. It is given up by this write.
    pub lease: Lease,
    /// The item as it shall stand from now on. `unknown` must be `None` unless the outcome is unknown.
    pub item: DocumentItem,
}

/// The end of an attempt: written whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// Each is conditional on its lease's fence.
    pub documents: Vec<FinishedDocument>,
    /// Appended with them.
    pub audit: Vec<AuditEntry>,
}

/// A dead letter and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Whose.
    pub document: DocumentKey,
    /// The number people know it by.
    pub number: Option<String>,
    /// What happened.
    pub letter: DeadLetter,
}

/// One item for each document, cursors, and small records by name.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// Takes leases that are free or have run out (`until <= now`), each on its own. With the lease an open attempt is
    /// recorded, durably before this returns. Answers are in the order of the requests.
    async fn take_leases(&self, requests: &[LeaseRequest]) -> Result<Vec<LeaseReply>, StoreError>;

    /// Prolongs a lease that is still the document's newest, also one that ran out meanwhile.
    /// [`StoreError::Fenced`] if it was taken over or given up.
    async fn renew_lease(&self, lease: &Lease, until: Timestamp) -> Result<Lease, StoreError>;

    /// Ends attempts. Gives up their leases and erases their open-attempt records. A lease that ran out will do while
    /// nobody took it over. If one was taken over, or given up already, nothing at all is written:
    /// [`StoreError::Fenced`] names it. So an end that is repeated because its answer was lost counts once, whether the
    /// repeat is told that or `Ok`. An adapter whose transactions are limited may end very many documents in several, the
    /// first document and its audit entries last: what it leaves behind in between is an attempt found open.
    async fn finish(&self, finish: Finish) -> Result<(), StoreError>;

    /// Gives up leases under which nothing was sent, as if they had never been taken: an attempt found open before
    /// stays found open, and counted. Does nothing to those taken over meanwhile.
    async fn release(&self, leases: &[Lease]) -> Result<(), StoreError>;

    /// Items as they stand, in the order of the keys; `None` for a document never leased. Not under a lease: may be a
    /// moment old.
    async fn items(&self, documents: &[DocumentKey]) -> Result<Vec<Option<DocumentItem>>, StoreError>;

    /// Parked changes that are due, oldest first.
    async fn due_parked(&self, now: Timestamp, limit: usize) -> Result<Vec<Parked>, StoreError>;

    /// Parked changes that wait for this document.
    async fn waiting_for(&self, document: &DocumentKey) -> Result<Vec<Parked>, StoreError>;

    /// Takes parked changes off the list, once they are back in the queue. Does nothing to one that was parked anew
    /// meanwhile (another due time). Needs no lease: it touches nothing else of the item.
    async fn unpark(&self, parked: &[Parked]) -> Result<(), StoreError>;

    /// When the next parked change falls due.
    async fn next_parked(&self) -> Result<Option<Timestamp>, StoreError>;

    /// All parked changes, earliest due first, up to `limit`.
    async fn parked(&self, limit: usize) -> Result<Vec<Parked>, StoreError>;

    /// Dead letters, oldest first.
    async fn dead_letters(&self) -> Result<Vec<DeadLetterRow>, StoreError>;

    /// A cursor and its revision, for the conditional write. Revision 0 where there is none yet.
    async fn cursor(&self, name: &str) -> Result<(Cursor, u64), StoreError>;

    /// Moves a cursor, if its revision is still `revision`; returns the new revision. [`StoreError::Conflict`] if another
    /// poller was quicker.
    async fn save_cursor(&self, name: &str, cursor: &Cursor, revision: u64) -> Result<u64, StoreError>;

    /// A small record by name, such as the pause after a refused log-in.
    async fn record(&self, name: &str) -> Result<Option<serde_json::Value>, StoreError>;

    /// Writes a small record; `None` removes it.
    async fn save_record(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError>;

    /// Puts `value` in the place of a small record that several write, if it is still what was `seen`; `None` where there was none.
    /// `false` if another was quicker, or where our own first try went through and its answer was lost.
    async fn replace_record(
        &self,
        name: &str,
        seen: Option<&serde_json::Value>,
        value: &serde_json::Value,
    ) -> Result<bool, StoreError>;
}
