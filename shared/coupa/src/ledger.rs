//! The budget's record, read no more often than it takes.

use crate::{BudgetLedger, BudgetState, LedgerError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Remembers what it saved. As long as nobody else draws, the next draw begins with that instead of a read: saving shows
/// whether it still was the latest. Whoever begins with an older state comes to no harm: others only move it forward.
pub(crate) struct Ledger {
    ledger: Arc<dyn BudgetLedger>,
    known: Mutex<Option<Known>>,
}

struct Known {
    state: BudgetState,
    revision: u64,
    /// When last asked, nobody else had drawn since.
    alone: bool,
}

impl Ledger {
    pub(crate) fn new(ledger: Arc<dyn BudgetLedger>) -> Self {
        Self { ledger, known: Mutex::default() }
    }

    /// The state to begin with.
    pub(crate) async fn latest(&self) -> Result<(BudgetState, u64), LedgerError> {
        if let Some(known) = self.known().as_ref().filter(|known| known.alone) {
            return Ok((known.state.clone(), known.revision));
        }
        let (state, revision) = self.ledger.load().await?;
        let mut known = self.known();
        let alone = known.as_ref().is_some_and(|known| known.revision == revision);
        *known = Some(Known { state: state.clone(), revision, alone });
        Ok((state, revision))
    }

    pub(crate) async fn load(&self) -> Result<(BudgetState, u64), LedgerError> {
        self.ledger.load().await
    }

    pub(crate) async fn save(&self, state: &BudgetState, revision: u64) -> Result<bool, LedgerError> {
        let saved = self.ledger.save(state, revision).await;
        let mut known = self.known();
        match (&saved, known.as_mut()) {
            (Ok(true), Some(known)) if known.revision == revision => {
                known.state = state.clone();
                known.revision = revision + 1;
            }
            _ => *known = None,
        }
        saved
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
