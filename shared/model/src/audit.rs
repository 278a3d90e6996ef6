use crate::{Cause, Code, CorrelationId, DocumentKey, ErrorClass, Stamp, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// Coupa has a new document.
    Created,
    /// Coupa's document was changed.
    Updated,
    /// Coupa already shows what SAP holds.
    Unchanged,
    /// SAP's document has no place in Coupa, and that is right.
    NotApplicable,
    /// SAP changed what Coupa no longer lets change.
    NotApplied,
    /// It will be tried again.
    Retry,
    /// It waits for something else.
    Waiting,
    /// Nobody knows whether Coupa took it; the next attempt asks first.
    Unknown,
    /// It failed for good.
    Failed,
}

/// One attempt on one document, as it is kept for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Which document.
    pub document: DocumentKey,
    /// The number people know it by, once it has been read.
    pub number: Option<String>,
    /// When the attempt ended.
    pub at: Timestamp,
    /// When it was noticed that the document may have changed. Unknown of entries of earlier versions.
    #[serde(default)]
    pub noticed_at: Option<Timestamp>,
    /// How long it took.
    pub duration_ms: u64,
    /// What made us look.
    pub cause: Cause,
    /// Which part of the work.
    pub step: Step,
    /// SAP's stamp of what was read.
    pub sap_stamp: Option<Stamp>,
    /// Counts attempts since the last success, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// The error, where there was one.
    pub code: Option<Code>,
    /// Its class.
    pub class: Option<ErrorClass>,
    /// One sentence for people.
    pub message: String,
    /// What was sent to Coupa, in order: method, path, body.
    pub sent: Vec<Value>,
    /// Calls made to Coupa for this document alone.
    pub coupa_calls: u32,
    /// Ties it to log lines and messages.
    pub correlation: CorrelationId,
}
