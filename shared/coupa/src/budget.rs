//! The shared memory of the pacer: one small record that all workers and processes draw from.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is left of Coupa's budget. Changed only by the pacer's arithmetic, by compare-and-set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetState {
    /// The first moment that nobody has drawn yet.
    pub next_slot: Timestamp,
    /// Nobody may call before this: Coupa said Retry-After.
    pub paused_until: Timestamp,
    /// The rate is halved until then, by a 429.
    pub slowed_until: Timestamp,
    /// How many times over it is halved meanwhile.
    pub halvings: u8,
}

/// Keeps the one [`BudgetState`], shared by everybody who calls the tenant.
#[async_trait]
pub trait BudgetLedger: Send + Sync {
    /// The state and its revision; the default and 0 where nobody has drawn yet.
    async fn load(&self) -> Result<(BudgetState, u64), LedgerError>;
    /// Replaces the state if its revision is still `revision`; from then on its revision is one more. `false` if somebody
    /// was quicker.
    async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError>;
}

/// The ledger did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the budget can't be read or written: {0}")]
pub struct LedgerError(pub String);
