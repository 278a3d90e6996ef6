use crate::{AuditHead, Code, Link, OpenAttempt, Parked, Stamp};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the state store keeps about one document. Whoever holds its lease is its only writer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentItem {
    /// Its counterpart in Coupa, once there is one.
    pub link: Option<Link>,
    /// The number people know it by, once it has been read.
    pub number: Option<String>,
    /// SAP's stamp when it was last read.
    pub sap_stamp: Option<Stamp>,
    /// Where SAP has not stamped it: what it stands on has been enqueued since it was first read.
    #[serde(default)]
    pub looked_around: bool,
    /// An attempt was found open when this lease was taken: its outcome is unknown.
    pub unknown: Option<OpenAttempt>,
    /// Attempts in a row that never reached an end.
    pub unfinished: u32,
    /// Attempts in a row that reached an end but will be tried again.
    pub tries: u32,
    /// Since when it has been failing or waiting, without a success between.
    pub troubled_since: Option<Timestamp>,
    /// Waiting, with its due time.
    pub parked: Option<Parked>,
    /// Failed for good, until somebody mends the cause.
    pub dead_letter: Option<DeadLetter>,
    /// Coupa's id of the integration error that tells of the dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<u64>,
    /// Where its audit trail ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHead>,
}

/// The record of a failure that does not heal by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What happened.
    pub code: Code,
    /// The same, for people, with the values that matter.
    pub message: String,
    /// When.
    pub at: Timestamp,
}
