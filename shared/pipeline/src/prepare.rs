//! From leases to what Coupa must show: reads SAP as it is now, and maps.

use crate::{
    Pipeline, WhenGone,
    attempt::{Done, Stop, Work},
    both_ways::Pair,
    read::{Source, Sources, not_in_sap},
    retry::MAX_UNFINISHED,
    wave::{Image, paid_entries, panicked},
};
use futures::FutureExt as _;
use mapping::{Bases, Context};
use model::planted::{Bug, bug};
use model::{AuditOutcome, Cause, Code, DocumentKey, Failure, Lane, ObjectKind, Step};
use sap::entities::{BusinessPartner, Document};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// An attempt, and either what to push or how it ended already.
pub(crate) type Prepared = (Work, Result<Image, Result<Done, Stop>>);

/// What SAP holds of a wave, and what it can't be understood without.
struct Reading {
    sources: Sources,
    bases: Bases,
    terms: Arc<BTreeMap<i64, String>>,
}

impl Pipeline {
    pub(crate) async fn prepare_all(&self, kind: ObjectKind, works: Vec<Work>) -> Vec<Prepared> {
        let (hopeless, works): (Vec<_>, Vec<_>) =
            works.into_iter().partition(|work| work.item.unfinished >= MAX_UNFINISHED);
        let mut prepared: Vec<Prepared> = hopeless
            .into_iter()
            .map(|work| {
                let failure = give_up(&work);
                (work, Err(Err(failure.into())))
            })
            .collect();
        match AssertUnwindSafe(self.read_all(kind, &works)).catch_unwind().await {
            Ok(reading) => prepared.extend(self.prepare_each(reading, works)),
            Err(panic) if works.len() == 1 => {
                prepared.extend(works.into_iter().map(|work| (work, Err(Err(panicked(panic.as_ref()))))));
            }
            Err(_) => {
                // One of them makes the reading panic. Read alone, the others are spared.
                for work in works {
                    prepared.extend(Box::pin(self.prepare_all(kind, vec![work])).await);
                }
            }
        }
        prepared
    }

    async fn read_all(&self, kind: ObjectKind, works: &[Work]) -> Result<Reading, sap::Error> {
        let sources = self.read(kind, works.iter().map(|work| &work.document().key)).await?;
        let bases = self.bases(kind, &sources).await?;
        Ok(Reading { sources, bases, terms: self.payment_terms().await? })
    }

    fn prepare_each(&self, reading: Result<Reading, sap::Error>, works: Vec<Work>) -> Vec<Prepared> {
        let Reading { mut sources, bases, terms } = match reading {
            Ok(reading) => reading,
            Err(error) => {
                let failure = whole_read(&error.failure());
                let failed = |work| (work, Err(Err(Stop::Failed(failure.clone()))));
                return works.into_iter().map(failed).collect();
            }
        };
        let context = self.context(&terms);
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
        let source = match sources.remove(&work.document().key) {
            None if self.may_be_orphan(work) => return Ok(Image::Orphan),
            Some(Ok(Source::Supplier(partner))) if !partner.is_supplier() && self.may_be_orphan(work) => {
                return Ok(Image::Orphan);
            }
            None if work.afresh() && work.document().kind != ObjectKind::Supplier => return Ok(Image::Gone),
            None if work.item.link.is_none() && !work.unknown() => {
                return Err(Ok(Done::new(AuditOutcome::NotApplicable, "it is not in SAP")));
            }
            None => match self.settings.when_gone {
                WhenGone::Report => return Err(Err(not_in_sap(work).into())),
                WhenGone::Cancel => return Ok(Image::Gone),
                WhenGone::Leave => {
                    let why = "it is no longer in SAP, and the config leaves it alone in Coupa";
                    return Err(Ok(Done::new(AuditOutcome::NotApplied, why)));
                }
            },
            Some(Err(failure)) => return Err(Err(failure.into())),
            Some(Ok(source)) => source,
        };
        work.stamp = source.stamp();
        if bug(Bug::HashBeforeMapping) && work.stamp.is_some() && !work.is_news() && work.item.link.is_some()
        {
            return Err(Ok(Done::new(AuditOutcome::Unchanged, "its stamp has not moved")));
        }
        if let Some(reason) = self.left_alone(work, &source) {
            return Err(Ok(Done::new(AuditOutcome::NotApplicable, reason)));
        }
        self.touch(work, &source, bases);
        let kind = work.document().kind;
        let image = match source {
            Source::Supplier(partner) => self.supplier_image(context, &partner),
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

    fn supplier_image(&self, context: &Context<'_>, partner: &BusinessPartner) -> Result<Image, Failure> {
        let image = mapping::supplier(context, partner)?;
        if !self.settings.suppliers.from_coupa {
            return Ok(Image::Supplier(image));
        }
        Ok(Image::Pair(Box::new(Pair { fields: mapping::sap_fields(context, partner)?, image })))
    }

    /// Coupa says so, or has said so before, and SAP doesn't have it.
    fn may_be_orphan(&self, work: &Work) -> bool {
        let told = work.change.cause == Cause::Coupa || work.item.dead_letter.is_some();
        work.document().kind == ObjectKind::Supplier
            && self.settings.suppliers.create_in_sap
            && told
            && work.item.link.is_none()
    }

    /// Why a document has no place in Coupa, where it has none.
    fn left_alone(&self, work: &mut Work, source: &Source) -> Option<String> {
        let early = |date: Option<jiff::civil::Date>| {
            date.is_some_and(|date| date < self.settings.start_date)
                && work.item.link.is_none()
                && !work.unknown()
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
    /// are looked at too. Not in a backfill, which comes to them anyway; unless the last attempt never said what it did to
    /// them.
    fn touch(&self, work: &mut Work, source: &Source, bases: &Bases) {
        let news = match work.stamp {
            Some(_) => work.stamp != work.item.sap_stamp,
            None => work.item.link.is_none() && !work.item.looked_around,
        };
        let passing_by = work.change.lane == Lane::Backfill || !news;
        if work.change.step == Step::Close || passing_by && !work.unknown() {
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
        work.item.looked_around = true;
    }
}

pub(crate) fn give_up(work: &Work) -> Failure {
    Failure::new(Code::GaveUp, format!("{} attempts in a row never reached an end", work.item.unfinished))
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

/// SAP refused or failed a read of many documents: that is no single document's fault, so it heals or is noticed as a
/// whole.
fn whole_read(failure: &Failure) -> Failure {
    if failure.class().heals() {
        return failure.clone();
    }
    Failure::new(Code::SapUnreachable, format!("{} {}", failure.code, failure.message))
}
