//! The last word of an attempt whose lease was taken over before its end was written: what it sent stands in the trail all the same.
//!
//! It is said under a lease of its own, like every word on a document, so that the chain of entries stays one chain.

use crate::{Pipeline, audit_chain};
use model::{AuditEntry, AuditHead, AuditOutcome};
use store::{Finish, FinishedDocument, LeaseReply, LeaseRequest, StoreError};

/// Whoever took the lease over is done soon, or is not waited for.
const TRIES: u32 = 3;

impl Pipeline {
    /// Adds the entry of an attempt that was fenced off, unless its end stands there already and only the answer was lost: `end`
    /// is where the chain would have ended.
    pub(crate) async fn tell_superseded(
        &self,
        entry: AuditEntry,
        end: Option<&AuditHead>,
    ) -> Result<(), StoreError> {
        let Some(end) = end else { return Ok(()) };
        let entries = self.audit.of_document(&entry.document).await?;
        if entries.iter().any(|kept| kept.chain.as_ref().is_some_and(|chain| chain.hash == end.hash)) {
            return Ok(());
        }
        let entry = superseded(entry);
        for _ in 0..TRIES {
            if self.out_of_time().is_err() {
                break;
            }
            let now = self.clock.now();
            let request = LeaseRequest {
                document: entry.document.clone(),
                owner: self.owner.clone(),
                now,
                until: now + self.settings.lease(),
                correlation: entry.correlation.clone(),
            };
            let until = match self.state.take_leases(std::slice::from_ref(&request)).await?.pop() {
                Some(LeaseReply::Taken(lease, mut item)) => {
                    let told = AuditEntry { at: self.clock.now(), ..entry.clone() };
                    let entry = audit_chain::append(told, &mut item);
                    let documents = vec![FinishedDocument { lease, item: *item }];
                    match self.state.finish(Finish { documents, audit: vec![entry] }).await {
                        Err(StoreError::Fenced(_)) => continue,
                        told => return told,
                    }
                }
                Some(LeaseReply::Held { until }) => until,
                None => break,
            };
            let pause = self.soon(until).duration_since(now);
            self.clock.sleep(pause.try_into().unwrap_or_default()).await;
        }
        tracing::warn!(document = %entry.document, "an attempt that was superseded could not be told in the audit trail");
        Ok(())
    }
}

fn superseded(entry: AuditEntry) -> AuditEntry {
    let message = format!(
        "another worker took the document over before this attempt's end was written, which was: {}",
        entry.message
    );
    AuditEntry { outcome: AuditOutcome::Superseded, message, ..entry }
}
