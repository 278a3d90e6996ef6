//! Both sides compared completely, whatever cursors and links say.
//!
//! Coupa is read first, page by page: each row that is ours names its document in SAP, which is read and mapped as a
//! sync would, and compared. What was seen is remembered by its key alone. Then SAP's keys are read, and what was not
//! seen is missing. So the memory that it takes is that of a page, and some bytes for each document.
//!
//! Ours are the documents that carry our mark, and the suppliers whose number SAP knows; the rest of the tenant is
//! counted and left alone. Documents from before the start date are outside, unless they are in Coupa.

mod balance;
pub(crate) mod compare;
mod documents;
mod payments;
mod rows;
pub(crate) mod sap_side;

pub use balance::{
    Balance, BalanceRow, Bucket, Difference, DifferenceKind, FieldDifference, ObjectBalance, Scope,
};

use crate::Pipeline;
use balance::Ledger;
use coupa::{Invoice, Order, Tally, WholeSupplier};
use documents::Seen;
use model::{Cause, Change, DocumentKey, Failure, Lane, ObjectKind};
use payments::Rows;
use std::collections::BTreeSet;
use store::StoreError;

/// What of an invoice Coupa shows otherwise than SAP implies, each with both sides.
pub(crate) fn differs(image: &mapping::InvoiceImage, shown: &Invoice) -> Vec<String> {
    let told = |one: FieldDifference| format!("{}: SAP {}, Coupa {}", one.field, one.sap, one.coupa);
    compare::invoice(image, shown).into_iter().map(told).collect()
}

/// Why a comparison could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// SAP did not answer as it should.
    #[error("SAP could not be read: {0}")]
    Sap(#[from] sap::Error),
    /// Coupa did not.
    #[error("Coupa could not be read: {0}")]
    Coupa(#[from] coupa::Error),
    /// Our own store did not.
    #[error("{0}")]
    Store(#[from] Failure),
    /// What it keeps there could not be kept or read.
    #[error(transparent)]
    Kept(#[from] StoreError),
    /// Time was up.
    #[error("it was stopped before it was done")]
    Stopped,
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// At which object.
    pub kind: ObjectKind,
    /// Rows of Coupa looked at.
    pub coupa: u64,
    /// Rows of SAP looked at.
    pub sap: u64,
}

/// What a comparison works with.
struct Comparison<'a> {
    scope: &'a Scope,
    ledger: Ledger,
    tally: Tally,
    each: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Pipeline {
    /// Compares both sides; `each` hears how far it is.
    pub async fn reconcile(
        &self,
        scope: &Scope,
        each: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Balance, ReconcileError> {
        let mut comparison =
            Comparison { scope, ledger: Ledger::open(&scope.objects), tally: Tally::default(), each };
        let has = |kind| scope.objects.contains(&kind);
        if has(ObjectKind::Supplier) {
            let mut seen = Seen::of([ObjectKind::Supplier]);
            self.walk_coupa::<WholeSupplier>(&mut comparison, &mut seen, &mut Rows::default()).await?;
            self.walk_sap(&mut comparison, ObjectKind::Supplier, &seen).await?;
        }
        if has(ObjectKind::PurchaseOrder) {
            let mut seen = Seen::of([ObjectKind::PurchaseOrder]);
            self.walk_coupa::<Order>(&mut comparison, &mut seen, &mut Rows::default()).await?;
            self.walk_sap(&mut comparison, ObjectKind::PurchaseOrder, &seen).await?;
        }
        let invoices = [ObjectKind::Invoice, ObjectKind::CreditNote];
        if invoices.into_iter().chain([ObjectKind::Payment]).any(has) {
            let (mut seen, mut rows) = (Seen::of(invoices), Rows::default());
            self.walk_coupa::<Invoice>(&mut comparison, &mut seen, &mut rows).await?;
            for kind in invoices.into_iter().filter(|kind| has(*kind)) {
                self.walk_sap(&mut comparison, kind, &seen).await?;
            }
            if has(ObjectKind::Payment) {
                self.compare_payments(&mut comparison, rows).await?;
            }
        }
        let calls = comparison.tally.made();
        Ok(comparison.ledger.close(calls))
    }

    /// Has each document that differs looked at afresh, and what hangs on those; answers how many differ.
    pub async fn repair(&self, balance: &Balance) -> Result<usize, StoreError> {
        let documents: BTreeSet<&DocumentKey> =
            balance.differences.iter().map(|difference| &difference.document).collect();
        let count = documents.len();
        let asked = |document: &DocumentKey| self.asked_for(document.clone(), Cause::Reconcile, Lane::Live);
        let changes: Vec<Change> = documents.into_iter().chain(&balance.hang_on_missing).map(asked).collect();
        self.queue.send(&changes, self.clock.now()).await?;
        Ok(count)
    }

    fn goes_on(&self) -> Result<(), ReconcileError> {
        self.out_of_time().map_err(|_| ReconcileError::Stopped)
    }
}
