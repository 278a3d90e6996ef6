//! Copies of dead letters that somebody put back from the dead-letter queue: the record in the state store decides whether
//! there is still something to do.

use crate::Pipeline;
use model::{Cause, DocumentItem};
use store::{Receipt, Received, StoreError};

impl Pipeline {
    /// Acks copies whose dead letter is closed by now. The others are somebody's wish to try again.
    pub(crate) async fn still_wanted(&self, received: Vec<Received>) -> Result<Vec<Received>, StoreError> {
        let (copies, mut wanted): (Vec<_>, Vec<_>) =
            received.into_iter().partition(|message| message.copy_of.is_some());
        if copies.is_empty() {
            return Ok(wanted);
        }
        let documents: Vec<_> = copies.iter().map(|copy| copy.change.document.clone()).collect();
        let items = self.state.items(&documents).await?;
        let mut closed: Vec<Receipt> = vec![];
        for (mut copy, item) in copies.into_iter().zip(items) {
            if is_open(item.as_ref()) {
                copy.change.cause = Cause::Replay;
                // It was let in when it failed; putting it back must not drop it by its date.
                copy.change.whatever_date = true;
                wanted.push(copy);
            } else {
                closed.push(copy.receipt);
            }
        }
        if !closed.is_empty() {
            self.queue.ack(&closed).await?;
        }
        Ok(wanted)
    }
}

fn is_open(item: Option<&DocumentItem>) -> bool {
    item.is_some_and(|item| item.dead_letter.is_some())
}
