//! The wave of payments: in rounds, so that no two payments on one invoice are worked on at once.

use crate::{
    BatchReport, Ended, Pipeline,
    attempt::{Done, Stop, Work},
    payment::Paid,
    read::readable,
    wave::{Image, paid_entries, panicked},
};
use coupa::{Invoice, Tally};
use futures::FutureExt as _;
use mapping::{Context, PaymentImage};
use model::{
    AuditOutcome, Cause, Code, CoupaId, DocumentItem, DocumentKey, Failure, InvoiceLink, Lane, Link,
    ObjectKind,
};
use sap::entities::{Document, Payment, RowStatus};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::Arc,
};
use store::StoreError;

type Ready = Vec<(Work, Payment)>;

/// What a round of payments looks up at once, after the invoices' leases were taken.
struct Round {
    /// The paid invoices as SAP holds them.
    invoices: BTreeMap<i64, Document>,
    /// The same as Coupa shows them.
    shown: BTreeMap<CoupaId, Invoice>,
    terms: Arc<BTreeMap<i64, String>>,
}

impl Pipeline {
    pub(crate) async fn payments(
        &self,
        ready: Vec<(Work, Image)>,
        report: &mut BatchReport,
    ) -> Result<(), StoreError> {
        let payment = |(work, image)| match image {
            Image::Payment(payment) => Some((work, payment)),
            _ => None,
        };
        let mut ready: Ready = ready.into_iter().filter_map(payment).collect();
        while !ready.is_empty() {
            let (now, later) = disjoint(ready);
            ready = later;
            self.round(now, report).await?;
        }
        Ok(())
    }

    async fn round(&self, payments: Ready, report: &mut BatchReport) -> Result<(), StoreError> {
        let (leased, refused) = self.take_invoices(payments).await;
        let ending = refused.into_iter().map(|(work, stop)| self.end(work, Err(stop)));
        self.collect(futures::stream::iter(ending), report).await?;

        self.pay_leased(leased, report).await
    }

    async fn pay_leased(&self, leased: Ready, report: &mut BatchReport) -> Result<(), StoreError> {
        let tally = Tally::default();
        let looked = AssertUnwindSafe(self.look_at_invoices(&leased, &tally)).catch_unwind().await;
        report.shared_coupa_calls.push((ObjectKind::Payment, tally.made()));
        let stop = match looked {
            Ok(Ok(round)) => {
                let attempts =
                    leased.into_iter().map(|(work, payment)| self.attempt_payment(work, payment, &round));
                return self.collect(futures::stream::iter(attempts), report).await;
            }
            Ok(Err(failure)) => Stop::Failed(failure),
            Err(panic) if leased.len() == 1 => panicked(panic.as_ref()),
            // Something about one of them: looked up alone, the others are spared.
            Err(_) => {
                for one in leased {
                    Box::pin(self.pay_leased(vec![one], report)).await?;
                }
                return Ok(());
            }
        };
        let ending = leased.into_iter().map(|(work, _)| self.end(work, Err(stop.clone())));
        self.collect(futures::stream::iter(ending), report).await
    }

    /// Takes the leases on the invoices that have a counterpart in Coupa: they are what a payment writes to.
    async fn take_invoices(&self, payments: Ready) -> (Ready, Vec<(Work, Stop)>) {
        let wanted = payments.iter().flat_map(|(_, payment)| self.invoice_keys(payment)).collect();
        let items = match self.items(wanted).await {
            Ok(items) => items,
            Err(failure) => {
                let refused = payments.into_iter().map(|(work, _)| (work, Stop::Failed(failure.clone())));
                return (vec![], refused.collect());
            }
        };
        let (mut leased, mut refused) = (Vec::new(), Vec::new());
        for (mut work, payment) in payments {
            let linked: Vec<DocumentKey> =
                self.invoice_keys(&payment).into_iter().filter(|key| has_link(&items, key)).collect();
            match self.join(&mut work, &linked).await {
                Ok(()) => leased.push((work, payment)),
                Err(stop) => refused.push((work, stop)),
            }
        }
        (leased, refused)
    }

    async fn look_at_invoices(&self, leased: &[(Work, Payment)], tally: &Tally) -> Result<Round, Failure> {
        let entries: BTreeSet<i64> = leased.iter().flat_map(|(_, payment)| paid_entries(payment)).collect();
        let entries: Vec<i64> = entries.into_iter().collect();
        let ids: BTreeSet<CoupaId> = leased
            .iter()
            .flat_map(|(work, _)| &work.others)
            .filter_map(|(_, item)| invoice_id(item))
            .collect();
        let ids: Vec<CoupaId> = ids.into_iter().collect();
        let lane = leased.iter().map(|(work, _)| work.change.lane).min().unwrap_or(Lane::Backfill);
        let invoices =
            self.sap.documents(ObjectKind::Invoice, &entries).await.map_err(|error| error.failure())?;
        let shown = match ids.as_slice() {
            [] => BTreeMap::new(),
            ids => {
                self.coupa.invoices_by_id(&tally.call(lane), ids).await.map_err(|error| error.failure())?
            }
        };
        let terms = self.payment_terms().await.map_err(|error| error.failure())?;
        Ok(Round { invoices: readable(invoices), shown, terms })
    }

    async fn attempt_payment(
        &self,
        mut work: Work,
        payment: Payment,
        round: &Round,
    ) -> Result<Option<Ended>, StoreError> {
        let push = AssertUnwindSafe(self.sync_payment(&mut work, &payment, round));
        let result = push.catch_unwind().await.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        self.end(work, result).await
    }

    async fn sync_payment(&self, work: &mut Work, payment: &Payment, round: &Round) -> Result<Done, Stop> {
        self.out_of_time()?;
        work.item.number = payment.doc_num.map(|number| number.to_string());
        let context = Context {
            company: &self.settings.company,
            mapping: &self.mapping,
            defaults: &self.settings.defaults,
            payment_terms: &round.terms,
            today: self.today(),
        };
        let image = mapping::payment(&context, payment, &round.invoices)?;
        if image.on_invoices.is_empty() {
            return Ok(Done::new(AuditOutcome::NotApplicable, "it pays no invoice"));
        }
        let paid = paid_invoices(work, round);
        let missing = self.missing(&image, &paid, round)?;
        let done = self.push_payment(work, &image, &paid, &round.shown).await?;
        if let Some(first) = missing.first().cloned() {
            let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let failure = Failure::new(Code::Waiting, format!("not in Coupa yet: {}", names.join(", ")));
            return Err(Stop::Needs { failure, first, all: missing });
        }
        let nowhere = !matches!(&work.item.link, Some(Link::Payment(link)) if !link.applied.is_empty());
        if nowhere {
            if !image.cancelled {
                return Ok(Done::new(AuditOutcome::NotApplicable, "its invoices are not in Coupa"));
            }
            let told = told_otherwise(work, &paid)
                .map(|invoice| self.change(invoice.clone(), Cause::Dependency, work.change.lane))
                .collect::<Vec<_>>();
            work.touched.extend(told);
            return Ok(Done::new(AuditOutcome::NotApplicable, "cancelled before it was ever sent"));
        }
        Ok(done)
    }

    /// Invoices that must come to Coupa before the payment can. One from before the start date never will, unless
    /// something else brings it.
    fn missing(
        &self,
        image: &PaymentImage,
        paid: &BTreeMap<i64, Paid>,
        round: &Round,
    ) -> Result<Vec<DocumentKey>, Failure> {
        let mut missing = Vec::new();
        for entry in image.on_invoices.keys().filter(|entry| !paid.contains_key(entry)) {
            let key = DocumentKey::entry(&self.settings.company, ObjectKind::Invoice, *entry);
            let Some(invoice) = round.invoices.get(entry) else {
                let message = format!("the payment pays {key}, which can't be read in SAP");
                return Err(Failure::new(Code::SapDocumentGone, message));
            };
            let early = invoice.doc_date.is_some_and(|date| date < self.settings.start_date);
            let moves = self.settings.objects.contains(&ObjectKind::Invoice);
            if moves && !early && !image.cancelled && !invoice.is_cancelled() {
                missing.push(key);
            }
        }
        Ok(missing)
    }

    fn invoice_keys(&self, payment: &Payment) -> Vec<DocumentKey> {
        let key = |entry| DocumentKey::entry(&self.settings.company, ObjectKind::Invoice, entry);
        paid_entries(payment).into_iter().map(key).collect()
    }
}

fn paid_invoices(work: &Work, round: &Round) -> BTreeMap<i64, Paid> {
    let mut paid = BTreeMap::new();
    for (at, (lease, _)) in work.others.iter().enumerate() {
        let Some(entry) = lease.document.doc_entry() else { continue };
        if let Some(invoice) = round.invoices.get(&entry) {
            paid.insert(entry, Paid { at, closed: invoice.document_status == RowStatus::Closed });
        }
    }
    paid
}

/// Invoices of which Coupa was last told otherwise than SAP has it now whether they are paid.
fn told_otherwise<'a>(
    work: &'a Work,
    paid: &'a BTreeMap<i64, Paid>,
) -> impl Iterator<Item = &'a DocumentKey> {
    paid.values().filter_map(|paid| {
        let (lease, item) = work.others.get(paid.at)?;
        let Some(Link::Invoice(InvoiceLink { paid: Some(told), .. })) = &item.link else { return None };
        (*told != paid.closed).then_some(&lease.document)
    })
}

/// Payments that have no invoice in common, and the rest.
fn disjoint(payments: Ready) -> (Ready, Ready) {
    let mut taken = BTreeSet::new();
    payments.into_iter().partition(|(_, payment)| {
        let entries = paid_entries(payment);
        let free = entries.is_disjoint(&taken);
        if free {
            taken.extend(entries);
        }
        free
    })
}

fn has_link(items: &BTreeMap<DocumentKey, DocumentItem>, key: &DocumentKey) -> bool {
    items.get(key).is_some_and(|item| invoice_id(item).is_some())
}

fn invoice_id(item: &DocumentItem) -> Option<CoupaId> {
    match &item.link {
        Some(Link::Invoice(link)) => Some(link.coupa_id),
        _ => None,
    }
}
