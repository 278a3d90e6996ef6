//! When SAP last answered: a small record in the state store, which tells people whether the line to SAP is up.

use jiff::Timestamp;
use pipeline::Pipeline;
use serde::{Deserialize, Serialize};
use store::StoreError;

/// Holds a [`SapContact`].
pub const SAP_CONTACT: &str = "sap/contact";

/// The last good contact of any process with SAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SapContact {
    /// When a reply came, whatever it said, by our clock.
    pub answered_at: Timestamp,
}

/// Leaves word of the last reply from SAP, unless another process had a later one.
pub async fn remember_contact(pipeline: &Pipeline) -> Result<(), StoreError> {
    let Some(answered_at) = pipeline.sap.answered_at() else { return Ok(()) };
    // What another version wrote in another shape counts as none: it only informs.
    let before = pipeline.state.record(SAP_CONTACT).await?;
    let before = before.and_then(|value| serde_json::from_value::<SapContact>(value).ok());
    if before.is_some_and(|before| before.answered_at >= answered_at) {
        return Ok(());
    }
    let value = serde_json::json!({ "answered_at": answered_at });
    pipeline.state.save_record(SAP_CONTACT, Some(&value)).await
}
