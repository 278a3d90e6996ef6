//! The small records in the state store by which one process tells another how it stands.

use crate::{CliResult, books::Books};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Holds a [`SessionRecord`].
pub const SAP_SESSION: &str = "sap/session";
/// Holds a [`sap::Refusal`]: the pause after a refused log-in, which every process keeps to.
pub const SAP_REFUSAL: &str = "sap/refusal";

/// How the session of the process that last worked stands. Nothing in it opens the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Since when.
    pub logged_in_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// An idle session ends after so long.
    pub timeout_minutes: u32,
    /// SAP's version, as Login answered it.
    pub version: String,
}

impl SessionRecord {
    /// When it ends, or ended, if nobody uses it.
    pub fn ends_at(&self) -> Timestamp {
        let idle = jiff::SignedDuration::from_mins(i64::from(self.timeout_minutes));
        self.last_used_at.unwrap_or(self.logged_in_at).checked_add(idle).unwrap_or(Timestamp::MAX)
    }
}

/// Reads a record. One that another version wrote in another shape counts as none: it only informs.
pub(super) async fn read<T: DeserializeOwned>(books: &Books, name: &str) -> CliResult<Option<T>> {
    let value = books.state.record(name).await?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}
