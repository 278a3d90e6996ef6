use crate::{Change, Code, DocumentKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change that waits longer than a queue should hold it. Its message is acked; it is enqueued again when it
/// falls due or when what it waits for arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// What to enqueue again.
    pub change: Change,
    /// When, at the latest.
    pub due_at: Timestamp,
    /// The document whose arrival ends the wait.
    pub waits_for: Option<DocumentKey>,
    /// Why it waits.
    pub code: Code,
    /// The same, for people.
    pub reason: String,
}
