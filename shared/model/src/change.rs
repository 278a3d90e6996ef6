use crate::DocumentKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What made us look at a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The poller saw its stamp move.
    Poll,
    /// SAP told us.
    Webhook,
    /// The poller saw the supplier's stamp move in Coupa: this change goes from Coupa to SAP.
    Coupa,
    /// A dead letter was put back.
    Replay,
    /// Both sides were compared and differed.
    Reconcile,
    /// Another document needs it, or touched it.
    Dependency,
    /// Somebody asked for it by name or by date.
    Person,
}

/// Live changes draw Coupa's budget before backfill, and are received first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody changed it just now.
    Live,
    /// One of very many, in no hurry.
    Backfill,
}

/// Which part of the work on a document is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Bring the document to what SAP holds.
    Document,
    /// Close the purchase order, after the invoices that draw on it.
    Close,
}

/// Ties the log lines, audit entries and messages of one change together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrelationId(pub String);

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// *This document may have changed.* Carries the key and never the content: whoever takes it reads the
/// document as it is then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which document.
    pub document: DocumentKey,
    /// Which part of the work.
    pub step: Step,
    /// Why.
    pub cause: Cause,
    /// How urgent.
    pub lane: Lane,
    /// The start date does not apply: a dependency, or a backfill that named its own date.
    pub whatever_date: bool,
    /// When it was noticed, by our clock.
    pub seen_at: Timestamp,
    /// Ties its traces together.
    pub correlation: CorrelationId,
}

impl Change {
    /// The order in which a queue that can order hands changes out: dependencies first, closes of orders last.
    pub fn rank(&self) -> u8 {
        match self.step {
            Step::Document => self.document.kind as u8,
            Step::Close => u8::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompanyDb, ObjectKind};

    #[test]
    fn what_others_depend_on_comes_first_and_closes_come_last() {
        let rank = |kind, step| {
            let document = DocumentKey::entry(&CompanyDb("ACME".to_owned()), kind, 1);
            let change = Change {
                document,
                step,
                cause: Cause::Poll,
                lane: Lane::Live,
                whatever_date: false,
                seen_at: Timestamp::UNIX_EPOCH,
                correlation: CorrelationId("c".to_owned()),
            };
            assert_eq!(change.correlation.to_string(), "c");
            change.rank()
        };
        let mut ranks: Vec<u8> = ObjectKind::ALL.map(|kind| rank(kind, Step::Document)).into();
        ranks.push(rank(ObjectKind::PurchaseOrder, Step::Close));
        assert!(ranks.is_sorted_by(|earlier, later| earlier < later), "{ranks:?}");
    }
}
