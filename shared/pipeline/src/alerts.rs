//! Failures that a person must mend, told where the buyer works: as integration errors in Coupa, raised when a document fails for
//! good and resolved when it succeeds.
//!
//! Telling never decides anything: whatever goes wrong with it is logged, and the attempt ends as it would have without.

use crate::{Pipeline, attempt::Work};
use coupa::{Alert, Error, Tally};
use model::{AuditEntry, AuditOutcome, CoupaId, DocumentItem, ErrorClass, Lane, Link, ObjectKind};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a person reads at most in one error.
const LONGEST: usize = 1_000;

/// The run that this process has open in Coupa, and whether Coupa lets us tell.
#[derive(Debug, Default)]
pub struct Alerts {
    run: futures::lock::Mutex<Option<u64>>,
    refused: AtomicBool,
}

impl Pipeline {
    /// Opens the run with the first write.
    pub(crate) async fn open_run(&self) -> Option<u64> {
        let integration = self.settings.integration.as_deref()?;
        if self.alerts.refused.load(Ordering::Relaxed) {
            return None;
        }
        let mut run = self.alerts.run.lock().await;
        if run.is_none() {
            let tally = Tally::default();
            match self.coupa.open_run(&tally.call(Lane::Live), integration).await {
                Ok(opened) => *run = Some(opened),
                Err(error) => self.not_told(&error),
            }
        }
        *run
    }

    /// Ends the run, where one was opened.
    pub async fn close_run(&self, failed: bool) {
        if let Some(run) = self.alerts.run.lock().await.take() {
            let tally = Tally::default();
            if let Err(error) = self.coupa.close_run(&tally.call(Lane::Live), run, failed).await {
                self.not_told(&error);
            }
        }
    }

    /// Raises an error for what failed for good, and resolves the one of what has succeeded.
    pub(crate) async fn tell(&self, work: &Work, entry: &AuditEntry, item: &mut DocumentItem) {
        if self.settings.integration.is_none() {
            return;
        }
        let tally = Tally::default();
        let call = tally.call(Lane::Live);
        if entry.outcome == AuditOutcome::Failed && entry.class == Some(ErrorClass::Data) {
            // The same document failing otherwise is another error.
            if let Some(old) = item.alert.take()
                && let Err(error) = self.coupa.resolve(&call, old).await
            {
                self.not_told(&error);
            }
            let Some(run) = self.open_run().await else { return };
            match self.coupa.raise(&call, &alert(run, work, entry, item)).await {
                Ok(raised) => item.alert = Some(raised),
                Err(error) => self.not_told(&error),
            }
        } else if item.dead_letter.is_none()
            && let Some(raised) = item.alert
        {
            match self.coupa.resolve(&call, raised).await {
                Ok(()) | Err(Error::NotFound(_)) => item.alert = None,
                Err(error) => self.not_told(&error),
            }
        }
    }

    fn not_told(&self, error: &Error) {
        if matches!(error, Error::ScopeMissing { .. }) {
            self.alerts.refused.store(true, Ordering::Relaxed);
        }
        tracing::warn!(%error, "Coupa's people could not be told by an integration error");
    }
}

fn alert(run: u64, work: &Work, entry: &AuditEntry, item: &DocumentItem) -> Alert {
    let (document_type, document) = whose(work, item);
    let code = entry.code;
    let name = entry.number.clone().unwrap_or_else(|| entry.document.key.to_string());
    let kind = entry.document.kind.singular().replace('_', " ");
    let fix = code.map_or("", model::Code::fix);
    let message: String =
        format!("SAP {kind} {name}: {} {fix}", entry.message).chars().take(LONGEST).collect();
    Alert { run, document_type, document, code: code.map_or("", model::Code::number), message }
}

/// The document in Coupa that a person should look at: of a payment, its invoice.
fn whose(work: &Work, item: &DocumentItem) -> (&'static str, Option<CoupaId>) {
    let document_type = match work.document().kind {
        ObjectKind::Supplier => "Supplier",
        ObjectKind::PurchaseOrder => "ExternalOrderHeader",
        ObjectKind::Invoice | ObjectKind::CreditNote | ObjectKind::Payment => "InvoiceHeader",
    };
    let id = |item: &DocumentItem| match &item.link {
        Some(Link::Supplier(link)) => Some(link.coupa_id),
        Some(Link::Order(link)) => Some(link.coupa_id),
        Some(Link::Invoice(link)) => Some(link.coupa_id),
        Some(Link::Payment(_)) | None => None,
    };
    let paid = || work.others.iter().find_map(|(_, invoice)| id(invoice));
    let document = if work.document().kind == ObjectKind::Payment { paid() } else { id(item) };
    (document_type, document)
}
