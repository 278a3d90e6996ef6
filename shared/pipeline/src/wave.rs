//! One kind of document, side by side: leases, then SAP as it is now, then what Coupa has, then each on its own.

use crate::{
    BatchReport, Ended, Pipeline,
    attempt::{Done, Stop, Work},
    both_ways::Pair,
    invoice::Around,
    invoice_found::of_supplier,
    surroundings::Surroundings,
};
use coupa::Tally;
use futures::{FutureExt as _, StreamExt as _};
use mapping::{InvoiceImage, OrderImage, SupplierImage};
use model::planted::{Bug, bug};
use model::{AuditOutcome, Change, Code, Failure, ObjectKind, Step};
use sap::entities::Payment;
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};
use store::{Receipt, StoreError};

/// All received changes to one document.
pub(crate) struct Folded {
    pub change: Change,
    pub receipts: Vec<Receipt>,
}

/// What Coupa must show.
pub(crate) enum Image {
    Supplier(SupplierImage),
    /// A supplier that goes both ways.
    Pair(Box<Pair>),
    /// A supplier of Coupa's whose number SAP doesn't know.
    Orphan,
    /// A document that Coupa has as SAP's, and SAP doesn't have.
    Gone,
    Order(OrderImage),
    Invoice(InvoiceImage),
    /// Mapped later: how depends on the invoices, which are read under their own leases.
    Payment(Payment),
}

type Ready = Vec<(Work, Image)>;

impl Pipeline {
    /// Works on documents of one kind. Answers those that must be worked on alone.
    pub(crate) async fn wave(
        &self,
        folded: Vec<Folded>,
        report: &mut BatchReport,
    ) -> Result<Vec<Folded>, StoreError> {
        let Some(kind) = folded.first().map(|folded| folded.change.document.kind) else { return Ok(vec![]) };
        let (works, alone) = self.take(folded, report).await?;
        if bug(Bug::AckBeforeWrite) {
            for work in &works {
                self.queue.ack(&work.receipts).await?;
            }
        }
        let (new, works): (Vec<_>, Vec<_>) =
            works.into_iter().partition(|work| work.document().new_supplier_id().is_some());
        self.new_suppliers(new, report).await?;
        let (mut ready, mut over) = (Vec::new(), Vec::new());
        for (work, prepared) in self.prepare_all(kind, works).await {
            match prepared {
                Ok(image) => ready.push((work, image)),
                Err(result) => over.push((work, result)),
            }
        }
        let ending = over.into_iter().map(|(work, result)| self.end(work, result));
        self.collect(futures::stream::iter(ending), report).await?;
        let ready = self.keep_leases(ready, report).await;
        if kind == ObjectKind::Payment {
            let (gone, ready): (Vec<_>, Vec<_>) =
                ready.into_iter().partition(|(_, image)| matches!(image, Image::Gone));
            if !gone.is_empty() {
                self.attempts(kind, gone, report).await?;
            }
            self.payments(ready, report).await?;
        } else if !ready.is_empty() {
            self.attempts(kind, ready, report).await?;
        }
        Ok(alone)
    }

    async fn attempts(
        &self,
        kind: ObjectKind,
        ready: Ready,
        report: &mut BatchReport,
    ) -> Result<(), StoreError> {
        let tally = Tally::default();
        let looked = AssertUnwindSafe(self.look_around(&ready, &tally)).catch_unwind().await;
        report.shared_coupa_calls.push((kind, tally.made()));
        let stop = match looked {
            Ok(Ok(surroundings)) => {
                let attempts =
                    ready.into_iter().map(|(work, image)| self.attempt(work, image, &surroundings));
                return self.collect(futures::stream::iter(attempts), report).await;
            }
            Ok(Err(failure)) if failure.class().heals() || ready.len() == 1 => Stop::Failed(failure),
            Err(panic) if ready.len() == 1 => panicked(panic.as_ref()),
            // Something about one of them: looked up alone, the others are spared.
            Ok(Err(_)) | Err(_) => {
                for one in ready {
                    Box::pin(self.attempts(kind, vec![one], report)).await?;
                }
                return Ok(());
            }
        };
        let ending = ready.into_iter().map(|(work, _)| self.end(work, Err(stop.clone())));
        self.collect(futures::stream::iter(ending), report).await
    }

    /// Runs attempts side by side. One that the store fails under does not hold up the others.
    pub(crate) async fn collect<F>(
        &self,
        attempts: impl futures::Stream<Item = F>,
        report: &mut BatchReport,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<Option<Ended>, StoreError>>,
    {
        let mut running = std::pin::pin!(attempts.buffer_unordered(self.settings.parallel));
        let mut failed = None;
        while let Some(ended) = running.next().await {
            match ended {
                Ok(Some(ended)) => report.ended.push(ended),
                Ok(None) => report.held += 1,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn attempt(
        &self,
        mut work: Work,
        image: Image,
        around: &Surroundings,
    ) -> Result<Option<Ended>, StoreError> {
        let push = AssertUnwindSafe(self.push(&mut work, &image, around));
        let result = push.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let result = if work.held_back { Err(self.held(&work).await) } else { result };
        self.end(work, result).await
    }

    async fn push(&self, work: &mut Work, image: &Image, around: &Surroundings) -> Result<Done, Stop> {
        self.out_of_time()?;
        match image {
            Image::Supplier(image) => {
                self.push_supplier(work, image, found(&around.suppliers, &image.number)).await
            }
            Image::Pair(pair) => self.sync_supplier(work, pair, around).await,
            Image::Orphan => Self::orphan(work, around),
            Image::Gone => self.take_out(work).await,
            Image::Order(image) if work.change.step == Step::Close => {
                self.close_order(work, image, &around.of_order(image)).await
            }
            Image::Order(image) => self.push_order(work, image, &around.of_order(image)).await,
            Image::Invoice(image) => {
                let found = of_supplier(found(&around.invoices, &image.number), &image.supplier);
                self.push_invoice(work, image, &Around { found, items: &around.items }).await
            }
            Image::Payment(_) => {
                Ok(Done::new(AuditOutcome::NotApplicable, "payments have a wave of their own"))
            }
        }
    }
}

pub(crate) fn found<'a, T>(all: &'a BTreeMap<String, Vec<T>>, number: &str) -> &'a [T] {
    all.get(number).map_or(&[], Vec::as_slice)
}

/// The invoices that a payment has rows on.
pub(crate) fn paid_entries(payment: &Payment) -> BTreeSet<i64> {
    payment.payment_invoices.iter().filter(|row| row.is_invoice()).filter_map(|row| row.doc_entry).collect()
}

pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Stop {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Stop::Failed(Failure::new(Code::Panicked, text))
}
