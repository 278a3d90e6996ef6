//! Puts back into the queue what was parked: when it falls due, or when what it waits for has arrived.

use crate::Pipeline;
use model::planted::{Bug, bug};
use model::{Change, DocumentKey, Parked};
use store::StoreError;

/// So many at a time: the queue needn't hold everything at once.
const AT_ONCE: usize = 500;

impl Pipeline {
    /// Enqueues parked changes that are due. Returns how many.
    pub async fn release_due(&self) -> Result<usize, StoreError> {
        let due = self.state.due_parked(self.clock.now(), AT_ONCE).await?;
        self.release(&due).await
    }

    /// Enqueues what waited for `document`.
    pub(crate) async fn release_waiting(&self, document: &DocumentKey) -> Result<usize, StoreError> {
        let waiting = self.state.waiting_for(document).await?;
        self.release(&waiting).await
    }

    /// First into the queue, then off the list: a crash between the two enqueues twice, which is harmless.
    pub(crate) async fn release(&self, parked: &[Parked]) -> Result<usize, StoreError> {
        if parked.is_empty() || bug(Bug::WaitingForgotten) {
            return Ok(0);
        }
        if bug(Bug::UnparkBeforeEnqueue) {
            self.state.unpark(parked).await?;
        }
        let changes: Vec<Change> = parked.iter().map(|parked| parked.change.clone()).collect();
        self.queue.send(&changes, self.clock.now()).await?;
        self.state.unpark(parked).await?;
        Ok(parked.len())
    }
}
