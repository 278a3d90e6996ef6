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
    /// Another worker took the document over before the end could be written.
    Superseded,
}

/// Which way an attempt worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From SAP to Coupa.
    SapToCoupa,
    /// From Coupa to SAP.
    CoupaToSap,
    /// A supplier of which each side had changed something.
    BothWays,
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
    /// Which way. None of entries of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What was sent, in order: `method`, `path`, `body`; `to` where it went to SAP; `reply`, what was answered; and
    /// `sources`, for each field of the body what it was made of and by which rule.
    pub sent: Vec<Value>,
    /// Calls made to Coupa for this document alone.
    pub coupa_calls: u32,
    /// Ties it to log lines and messages.
    pub correlation: CorrelationId,
    /// Its place among the attempts on its document. None of entries of earlier versions. What is added to this type later
    /// must not be serialized where it is absent, or the hashes of older entries would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

impl AuditEntry {
    /// Which way it worked, also where nobody wrote that down. Where nothing was sent, what made us look says which way it
    /// would have gone.
    pub fn way(&self) -> Direction {
        let to_sap = self.sent.iter().filter(|sent| goes_to_sap(sent)).count();
        match (self.direction, self.sent.len()) {
            (Some(direction), _) => direction,
            (None, 0) if self.cause == Cause::Coupa => Direction::CoupaToSap,
            (None, _) if to_sap == 0 => Direction::SapToCoupa,
            (None, sent) if to_sap == sent => Direction::CoupaToSap,
            (None, _) => Direction::BothWays,
        }
    }

    /// It sent something that is no longer kept.
    pub fn is_emptied(&self) -> bool {
        self.sent.is_empty() && self.chain.as_ref().is_some_and(|chain| !chain.payload.is_empty())
    }
}

/// Whether something sent went to SAP. Else it went to Coupa.
pub fn goes_to_sap(sent: &Value) -> bool {
    sent.get("to").is_some_and(|to| to == "SAP")
}

/// The place of an entry in its document's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Counts the entries of the document, from 1.
    pub sequence: u64,
    /// The hash of the entry before it; empty for the first.
    pub before: String,
    /// SHA-256, in hexadecimal, over the entry (what was sent by its digest) and `before`.
    pub hash: String,
    /// The digest of what was sent: what remains of it once it is let go. Empty where nothing was sent, and in entries of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payload: String,
}

/// Where the chain of a document ends. Stands on its item, and is written with each entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// How many entries there are.
    pub count: u64,
    /// The last one's hash.
    pub hash: String,
}
