use jiff::Timestamp;
use model::{AuditOutcome, Code, DocumentKey, Lane};

/// One document of a batch, when its attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub document: DocumentKey,
    /// Of which lane.
    pub lane: Lane,
    /// When the change that led to it was noticed.
    pub seen_at: Timestamp,
    /// How.
    pub outcome: AuditOutcome,
    /// The error, where there was one.
    pub code: Option<Code>,
    /// It is now among the dead letters.
    pub dead_letter: bool,
    /// Calls to Coupa for this document alone.
    pub coupa_calls: u32,
    /// The attempt was about closing an order that another attempt counts.
    pub follow_up: bool,
}

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Messages received. 0: there was nothing to do.
    pub received: usize,
    /// Attempts that ended.
    pub ended: Vec<Ended>,
    /// Documents that went back because somebody else holds their lease.
    pub held: usize,
    /// Calls to Coupa that looked up many documents at once.
    pub shared_coupa_calls: Vec<(model::ObjectKind, u32)>,
}
