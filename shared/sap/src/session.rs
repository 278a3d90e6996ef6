use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What Login answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginInfo {
    /// Such as `1000110`: 10.00.110.
    pub version: String,
    /// An idle session ends after so long.
    pub session_timeout_minutes: u32,
}

/// A refused log-in, remembered so that no other is tried too soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// No log-in before this.
    pub until: Timestamp,
    /// Refusals in a row.
    pub times: u32,
    /// What SAP said.
    pub text: String,
}

/// How the session stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionStatus {
    /// Since when, and what Login answered.
    pub logged_in: Option<(Timestamp, LoginInfo)>,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// Why no log-in is tried.
    pub refusal: Option<Refusal>,
}
