//! One kind of document, side by side: leases, then SAP as it is now, then what Coupa has, then each on its own.

use crate::{
    BatchReport, Ended, Pipeline,
    attempt::{Done, Stop, Work},
    invoice::{Around, of_supplier},
    order::AroundOrder,
    read::{Source, Sources, not_in_sap},
    retry::MAX_UNFINISHED,
};
use coupa::{Invoice, Order, Supplier, Tally};
use futures::{FutureExt as _, StreamExt as _};
use mapping::{Bases, Context, InvoiceImage, OrderImage, SupplierImage};
use model::{AuditOutcome, Cause, Change, Code, DocumentItem, DocumentKey, Failure, Lane, ObjectKind, Step};
use sap::entities::{Document, Payment};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};
use store::{LeaseReply, LeaseRequest, Receipt, StoreError};

/// All received changes to one document.
pub(crate) struct Folded {
    pub change: Change,
    pub receipts: Vec<Receipt>,
}

/// What Coupa must show.
pub(crate) enum Image {
    Supplier(SupplierImage),
    Order(OrderImage),
    Invoice(InvoiceImage),
    /// Mapped later: how depends on the invoices, which are read under their own leases.
    Payment(Payment),
}

/// What Coupa and our own store have, looked up for the whole wave at once.
#[derive(Default)]
struct Surroundings {
    suppliers: BTreeMap<String, Vec<Supplier>>,
    orders: BTreeMap<String, Vec<Order>>,
    invoices: BTreeMap<String, Vec<Invoice>>,
    items: BTreeMap<DocumentKey, DocumentItem>,
}

impl Surroundings {
    fn of_order(&self, image: &OrderImage) -> AroundOrder<'_> {
        AroundOrder { found: found(&self.orders, &image.po_number), items: &self.items }
    }
}

/// An attempt, and either what to push or how it ended already.
type Prepared = (Work, Result<Image, Result<Done, Stop>>);

impl Pipeline {
    pub(crate) async fn wave(&self, folded: Vec<Folded>, report: &mut BatchReport) -> Result<(), StoreError> {
        let Some(kind) = folded.first().map(|folded| folded.change.document.kind) else { return Ok(()) };
        let works = self.take(folded, report).await?;
        if works.is_empty() {
            return Ok(());
        }
        let (mut ready, mut over) = (Vec::new(), Vec::new());
        for (work, prepared) in self.prepare_all(kind, works).await {
            match prepared {
                Ok(image) => ready.push((work, image)),
                Err(result) => over.push((work, result)),
            }
        }
        let ending = over.into_iter().map(|(work, result)| self.end(work, result));
        self.collect(futures::stream::iter(ending), report).await?;
        if kind == ObjectKind::Payment {
            return self.payments(ready, report).await;
        }
        let tally = Tally::default();
        let surroundings = match self.look_around(&ready, &tally).await {
            Ok(surroundings) => surroundings,
            Err(failure) => {
                let ending =
                    ready.into_iter().map(|(work, _)| self.end(work, Err(Stop::Failed(failure.clone()))));
                return self.collect(futures::stream::iter(ending), report).await;
            }
        };
        report.shared_coupa_calls.push((kind, tally.made()));
        let attempts = ready.into_iter().map(|(work, image)| self.attempt(work, image, &surroundings));
        self.collect(futures::stream::iter(attempts), report).await
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

    /// Takes the leases. What somebody else holds goes back into the queue.
    async fn take(&self, folded: Vec<Folded>, report: &mut BatchReport) -> Result<Vec<Work>, StoreError> {
        let now = self.clock.now();
        let requests: Vec<LeaseRequest> = folded
            .iter()
            .map(|folded| LeaseRequest {
                document: folded.change.document.clone(),
                owner: self.owner.clone(),
                now,
                until: now + self.settings.lease(),
                correlation: folded.change.correlation.clone(),
            })
            .collect();
        let replies = self.state.take_leases(&requests).await?;
        let mut works = Vec::new();
        for (folded, reply) in folded.into_iter().zip(replies) {
            match reply {
                LeaseReply::Taken(lease, item) => works.push(Work {
                    change: folded.change,
                    receipts: folded.receipts,
                    lease,
                    item: *item,
                    others: vec![],
                    started_at: now,
                    stamp: None,
                    calls: 0.into(),
                    sent: vec![].into(),
                    touched: vec![],
                }),
                LeaseReply::Held { until } => {
                    report.held += 1;
                    self.put_back(&folded.receipts, self.soon(until)).await?;
                }
            }
        }
        Ok(works)
    }

    /// Takes the leases on further documents that the attempt will write, in the order of their keys, all or none.
    pub(crate) async fn join(&self, work: &mut Work, documents: &[DocumentKey]) -> Result<(), Stop> {
        let now = self.clock.now();
        let wanted: BTreeSet<&DocumentKey> = documents.iter().collect();
        let requests: Vec<LeaseRequest> = wanted
            .into_iter()
            .map(|document| LeaseRequest {
                document: document.clone(),
                owner: self.owner.clone(),
                now,
                until: now + self.settings.lease(),
                correlation: work.change.correlation.clone(),
            })
            .collect();
        let (mut taken, mut held) = (Vec::new(), None);
        for reply in self.state.take_leases(&requests).await? {
            match reply {
                LeaseReply::Taken(lease, item) => taken.push((lease, *item)),
                LeaseReply::Held { until } => held = Some(until),
            }
        }
        if let Some(until) = held {
            let leases: Vec<_> = taken.into_iter().map(|(lease, _)| lease).collect();
            self.state.release(&leases).await?;
            return Err(Stop::Held { until });
        }
        work.others.extend(taken);
        Ok(())
    }

    async fn prepare_all(&self, kind: ObjectKind, works: Vec<Work>) -> Vec<Prepared> {
        let read = async {
            let sources = self.read(kind, &works).await?;
            let bases = self.bases(kind, &sources).await?;
            Ok::<_, Stop>((sources, bases, self.payment_terms().await?))
        };
        let (mut sources, bases, terms) = match read.await {
            Ok(read) => read,
            Err(Stop::Failed(failure)) => {
                return works
                    .into_iter()
                    .map(|work| (work, Err(Err(Stop::Failed(whole_read(&failure))))))
                    .collect();
            }
            Err(_) => return vec![],
        };
        let context = Context {
            company: &self.settings.company,
            mapping: &self.mapping,
            defaults: &self.settings.defaults,
            payment_terms: &terms,
            today: self.today(),
        };
        let prepare = |mut work: Work| {
            // The mapping must not panic; if it does, that is one failed document and not a failed batch.
            let prepared =
                catch_unwind(AssertUnwindSafe(|| self.prepare(&context, &mut work, &mut sources, &bases)));
            (work, prepared.unwrap_or_else(|panic| Err(Err(panicked(panic.as_ref())))))
        };
        works.into_iter().map(prepare).collect()
    }

    fn prepare(
        &self,
        context: &Context<'_>,
        work: &mut Work,
        sources: &mut Sources,
        bases: &Bases,
    ) -> Result<Image, Result<Done, Stop>> {
        if work.item.unfinished >= MAX_UNFINISHED {
            let message = format!("{} attempts in a row never reached an end", work.item.unfinished);
            return Err(Err(Failure::new(Code::GaveUp, message).into()));
        }
        let source = match sources.remove(&work.document().key) {
            None if work.item.link.is_none() && !work.unknown() => {
                return Err(Ok(Done::new(AuditOutcome::NotApplicable, "it is not in SAP")));
            }
            None => return Err(Err(not_in_sap(work).into())),
            Some(Err(failure)) => return Err(Err(failure.into())),
            Some(Ok(source)) => source,
        };
        work.stamp = source.stamp();
        if let Some(reason) = self.left_alone(work, &source) {
            return Err(Ok(Done::new(AuditOutcome::NotApplicable, reason)));
        }
        self.touch(work, &source, bases);
        let kind = work.document().kind;
        let image = match source {
            Source::Supplier(partner) => mapping::supplier(context, &partner).map(Image::Supplier),
            Source::Payment(payment) => Ok(Image::Payment(payment)),
            Source::Document(document) => {
                work.item.number =
                    document.doc_num.map(|number| number.to_string()).or(work.item.number.take());
                match kind {
                    ObjectKind::PurchaseOrder => mapping::order(context, &document).map(Image::Order),
                    _ => mapping::invoice(context, kind, &document, bases).map(Image::Invoice),
                }
            }
        };
        image.map_err(|failure| Err(failure.into()))
    }

    /// Why a document has no place in Coupa, where it has none.
    fn left_alone(&self, work: &mut Work, source: &Source) -> Option<String> {
        let early = |date: Option<jiff::civil::Date>| {
            date.is_some_and(|date| date < self.settings.start_date)
                && work.item.link.is_none()
                && !work.change.whatever_date
        };
        match source {
            Source::Supplier(partner) => (!partner.is_supplier()).then(|| "not a supplier".to_owned()),
            Source::Payment(payment) => early(payment.doc_date).then(|| self.before_start()),
            Source::Document(document) if document.is_cancellation() => {
                let cancelled = mapping::cancelled_document(document);
                let kind = work.document().kind;
                for entry in &cancelled {
                    let document = DocumentKey::entry(&self.settings.company, kind, *entry);
                    work.touched.push(self.change(document, Cause::Dependency, work.change.lane));
                }
                Some(format!("it cancels {kind} {cancelled:?}, which is looked at instead"))
            }
            Source::Document(document) => early(document.doc_date).then(|| self.before_start()),
        }
    }

    fn before_start(&self) -> String {
        format!("dated before the start date {}", self.settings.start_date)
    }

    /// It isn't known whether SAP stamps an order when it is invoiced, or an invoice when it is paid or credited: so they
    /// are looked at too. Not in a backfill, which comes to them anyway.
    fn touch(&self, work: &mut Work, source: &Source, bases: &Bases) {
        let news = work.item.link.is_none() || work.stamp != work.item.sap_stamp;
        if work.change.lane == Lane::Backfill || !news || work.change.step == Step::Close {
            return;
        }
        let (kind, entries): (ObjectKind, BTreeSet<i64>) = match source {
            Source::Document(document) if work.document().kind == ObjectKind::Invoice => {
                (ObjectKind::PurchaseOrder, orders_under(document, bases))
            }
            Source::Document(document) if work.document().kind == ObjectKind::CreditNote => {
                (ObjectKind::Invoice, mapping::base_documents(document).invoices)
            }
            Source::Payment(payment) => (ObjectKind::Invoice, paid_entries(payment)),
            _ => return,
        };
        if self.settings.objects.contains(&kind) {
            let key = |entry| DocumentKey::entry(&self.settings.company, kind, entry);
            let changes =
                entries.into_iter().map(|entry| self.change(key(entry), Cause::Dependency, work.change.lane));
            work.touched.extend(changes.collect::<Vec<_>>());
        }
    }

    async fn look_around(&self, ready: &[(Work, Image)], tally: &Tally) -> Result<Surroundings, Failure> {
        let lane = ready.iter().map(|(work, _)| work.change.lane).min().unwrap_or(Lane::Backfill);
        let call = tally.call(lane);
        let mut around = Surroundings::default();
        let (mut suppliers, mut orders, mut invoices) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut needed = BTreeSet::new();
        for (work, image) in ready {
            let unlinked = work.item.link.is_none();
            match image {
                Image::Supplier(image) if unlinked => drop(suppliers.insert(image.number.clone())),
                Image::Order(image) => {
                    // Before a close its status is looked at even where it is linked: a second close is for good.
                    if unlinked || work.change.step == Step::Close {
                        orders.insert(image.po_number.clone());
                    }
                    if unlinked {
                        needed.insert(DocumentKey::supplier(&self.settings.company, &image.supplier));
                    }
                }
                Image::Invoice(image) => {
                    if unlinked && (!image.cancelled || work.unknown()) {
                        invoices.insert(image.number.clone());
                    }
                    needed.insert(DocumentKey::supplier(&self.settings.company, &image.supplier));
                    needed.extend(self.orders_under(image));
                }
                _ => {}
            }
        }
        let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        if !suppliers.is_empty() {
            around.suppliers =
                self.coupa.find_suppliers(&call, &list(suppliers)).await.map_err(|e| e.failure())?;
        }
        if !orders.is_empty() {
            around.orders = self.coupa.find_orders(&call, &list(orders)).await.map_err(|e| e.failure())?;
        }
        if !invoices.is_empty() {
            around.invoices =
                self.coupa.find_invoices(&call, &list(invoices)).await.map_err(|e| e.failure())?;
        }
        around.items = self.items(needed).await?;
        Ok(around)
    }

    /// Items of other documents, as they stand.
    pub(crate) async fn items(
        &self,
        documents: BTreeSet<DocumentKey>,
    ) -> Result<BTreeMap<DocumentKey, DocumentItem>, Failure> {
        let documents: Vec<DocumentKey> = documents.into_iter().collect();
        if documents.is_empty() {
            return Ok(BTreeMap::new());
        }
        let failed = |error: StoreError| Failure::new(Code::StoreFailed, error.to_string());
        let items = self.state.items(&documents).await.map_err(failed)?;
        Ok(documents.into_iter().zip(items).filter_map(|(key, item)| Some((key, item?))).collect())
    }

    async fn attempt(
        &self,
        mut work: Work,
        image: Image,
        around: &Surroundings,
    ) -> Result<Option<Ended>, StoreError> {
        let push = AssertUnwindSafe(self.push(&mut work, &image, around));
        let result = push.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        self.end(work, result).await
    }

    async fn push(&self, work: &mut Work, image: &Image, around: &Surroundings) -> Result<Done, Stop> {
        self.out_of_time()?;
        match image {
            Image::Supplier(image) => {
                self.push_supplier(work, image, found(&around.suppliers, &image.number)).await
            }
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

fn found<'a, T>(all: &'a BTreeMap<String, Vec<T>>, number: &str) -> &'a [T] {
    all.get(number).map_or(&[], Vec::as_slice)
}

fn orders_under(document: &Document, bases: &Bases) -> BTreeSet<i64> {
    let mut orders = mapping::base_documents(document).orders;
    for receipt in mapping::base_documents(document).receipts {
        if let Some(receipt) = bases.receipts.get(&receipt) {
            orders.extend(mapping::base_documents(receipt).orders);
        }
    }
    orders
}

/// The invoices that a payment has rows on.
pub(crate) fn paid_entries(payment: &Payment) -> BTreeSet<i64> {
    payment.payment_invoices.iter().filter(|row| row.is_invoice()).filter_map(|row| row.doc_entry).collect()
}

/// SAP refused or failed a read of many documents: that is no single document's fault, so it heals or is noticed as a
/// whole.
fn whole_read(failure: &Failure) -> Failure {
    if failure.class().heals() {
        return failure.clone();
    }
    Failure::new(Code::SapUnreachable, format!("{} {}", failure.code, failure.message))
}

pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Stop {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Stop::Failed(Failure::new(Code::Panicked, text))
}
