//! Where queue, state and audit trail are: in this machine's file, or in a stack on AWS.

use coupa::BudgetLedger;
use model::{Code, DocumentKey, ObjectKind, SharedSecret};
use std::{collections::BTreeMap, sync::Arc};
use store::{AuditTrail, EmbeddedStore, Queue, StateStore, StoreError};

/// The books of one company, wherever they are kept.
#[derive(Clone)]
pub struct Books {
    /// Changes on their way.
    pub queue: Arc<dyn Queue>,
    /// Leases, links, cursors.
    pub state: Arc<dyn StateStore>,
    /// Every attempt.
    pub audit: Arc<dyn AuditTrail>,
    /// Coupa's budget.
    pub ledger: Arc<dyn BudgetLedger>,
    /// Where the workers of a stack keep the SAP session that they share.
    pub(crate) sap_session: Option<Arc<dyn SharedSecret>>,
    /// A file can count what would take a scan elsewhere.
    pub(crate) file: Option<EmbeddedStore>,
}

impl From<EmbeddedStore> for Books {
    fn from(file: EmbeddedStore) -> Self {
        let store = Arc::new(file.clone());
        Self {
            queue: Arc::clone(&store) as _,
            state: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            ledger: store,
            sap_session: None,
            file: Some(file),
        }
    }
}

impl Books {
    /// How many documents of each kind have a counterpart in Coupa, where that can be counted.
    pub async fn link_counts(&self) -> Result<Option<BTreeMap<ObjectKind, u64>>, StoreError> {
        match &self.file {
            Some(file) => file.link_counts().await.map(Some),
            None => Ok(None),
        }
    }

    /// Every document that was ever looked at, where that can be told.
    pub async fn documents(&self) -> Result<Vec<DocumentKey>, StoreError> {
        match &self.file {
            Some(file) => file.documents().await,
            None => Ok(vec![]),
        }
    }

    /// How many changes of each kind are in the queue, in somebody's hands or not; nothing where that can't be told by
    /// kind.
    pub async fn queued_by_kind(&self) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        match &self.file {
            Some(file) => file.queued_by_kind().await,
            None => Ok(BTreeMap::new()),
        }
    }

    /// How many dead letters there are of each code.
    pub async fn dead_letter_counts(&self) -> Result<BTreeMap<Code, u64>, StoreError> {
        if let Some(file) = &self.file {
            return file.dead_letter_counts().await;
        }
        let mut counts = BTreeMap::new();
        for row in self.state.dead_letters().await? {
            *counts.entry(row.letter.code).or_default() += 1;
        }
        Ok(counts)
    }
}
