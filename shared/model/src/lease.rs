use crate::{CorrelationId, DocumentKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A worker, by a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub String);

/// Grows with every lease on the document, so that a late writer can be told from the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

/// The right to write one document, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which document.
    pub document: DocumentKey,
    /// Who holds it.
    pub owner: Owner,
    /// The number that every write under it is conditional on.
    pub fence: Fence,
    /// When it runs out, by our clock.
    pub until: Timestamp,
}

/// Written with the lease and erased by the attempt's end: found open, it means that the attempt's outcome is
/// unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it.
    pub owner: Owner,
    /// Which change it was for.
    pub correlation: CorrelationId,
}
