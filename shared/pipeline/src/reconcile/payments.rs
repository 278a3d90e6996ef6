//! Payments: rows on Coupa's invoices, each known by its notes, against what SAP's payments apply.

use super::{
    Comparison, Progress, ReconcileError,
    balance::{DifferenceKind, FieldDifference, Figures, Found},
    documents::SapPages,
};
use crate::{
    Pipeline,
    plan::{Action, Planned},
    read::readable,
    wave::paid_entries,
};
use coupa::Invoice;
use jiff::civil::Date;
use mapping::PAYMENT_NOTES;
use model::{CoupaId, DocumentKey, ObjectKind};
use rust_decimal::Decimal;
use sap::entities::Payment;
use std::collections::{BTreeMap, BTreeSet};

/// What Coupa shows of one payment on one invoice.
#[derive(Clone, Debug, Default)]
struct Shown {
    sum: Decimal,
    /// How many rows carry the very notes of the payment.
    rows: u32,
    number: String,
    invoice: Option<CoupaId>,
}

/// The payments that were met on Coupa's invoices.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By the payment's `DocEntry` and the invoice's.
    shown: BTreeMap<(i64, i64), Shown>,
    /// Invoices that could take a payment, by their `DocEntry`: currency and supplier.
    invoices: BTreeMap<i64, (Option<String>, String)>,
}

impl Rows {
    pub(super) fn add(&mut self, document: &DocumentKey, invoice: &Invoice) {
        let Some(entry) = document.doc_entry().filter(|_| document.kind == ObjectKind::Invoice) else {
            return;
        };
        let currency = invoice.currency.as_ref().and_then(|currency| currency.code.clone());
        let supplier =
            invoice.supplier.as_ref().and_then(|supplier| supplier.number.clone()).unwrap_or_default();
        self.invoices.insert(entry, (currency, supplier));
        for row in &invoice.payments {
            let Some((number, payment, rest)) = row.notes.as_deref().and_then(parse) else { continue };
            let shown = self.shown.entry((payment, entry)).or_default();
            shown.sum = shown.sum.saturating_add(row.amount_paid.unwrap_or_default());
            shown.rows += u32::from(rest.is_empty());
            number.clone_into(&mut shown.number);
            shown.invoice = Some(invoice.id);
        }
    }
}

/// `SAP payment 9001 entry 7 …`: its number, its `DocEntry`, and what follows.
fn parse(notes: &str) -> Option<(&str, i64, &str)> {
    let (number, rest) = notes.strip_prefix(PAYMENT_NOTES)?.split_once(" entry ")?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (entry, rest) = rest.split_at(digits);
    Some((number, entry.parse().ok()?, rest.trim()))
}

/// One payment with what it applies, in SAP.
pub(crate) struct Applied {
    number: String,
    supplier: String,
    pub date: Option<Date>,
    /// The same, cancelled or not.
    pub all: BTreeMap<i64, Decimal>,
    cancelled: bool,
    /// By the invoice's `DocEntry`; nothing once it is cancelled.
    on_invoices: BTreeMap<i64, Decimal>,
}

impl Pipeline {
    pub(super) async fn compare_payments(
        &self,
        comparison: &mut Comparison<'_>,
        mut rows: Rows,
    ) -> Result<(), ReconcileError> {
        let mut pages = SapPages::of(ObjectKind::Payment, self, comparison.scope);
        while let Some(page) = pages.next(self).await? {
            let entries: Vec<i64> = page.iter().filter_map(|row| entry_of(&row.key)).collect();
            self.compare_some(comparison, &mut rows, &entries).await?;
            (comparison.each)(Progress { kind: ObjectKind::Payment, coupa: 0, sap: pages.looked_at });
        }
        // What is left is not in SAP, or from before the start date.
        let left: BTreeSet<i64> = rows.shown.keys().map(|(payment, _)| *payment).collect();
        let left: Vec<i64> = left.into_iter().collect();
        for entries in left.chunks(self.settings.parallel.max(1) * 10) {
            self.goes_on()?;
            self.compare_some(comparison, &mut rows, entries).await?;
        }
        for ((payment, entry), shown) in std::mem::take(&mut rows.shown) {
            if !shown.sum.is_zero() {
                let document = DocumentKey::entry(&self.settings.company, ObjectKind::Payment, payment);
                let (currency, supplier) = rows.invoices.get(&entry).cloned().unwrap_or_default();
                comparison.ledger.coupa(ObjectKind::Payment, &applied(currency, shown.sum));
                let coupa_ids = shown.invoice.into_iter().collect();
                let found =
                    Found { document: &document, supplier: &supplier, number: &shown.number, coupa_ids };
                comparison.ledger.differs(found, DifferenceKind::Extra, vec![]);
            }
        }
        Ok(())
    }

    async fn compare_some(
        &self,
        comparison: &mut Comparison<'_>,
        rows: &mut Rows,
        entries: &[i64],
    ) -> Result<(), ReconcileError> {
        for (entry, payment) in self.applied(entries).await? {
            if !comparison.scope.holds(payment.date) {
                rows.shown.retain(|(payment, _), _| *payment != entry);
                continue;
            }
            let document = DocumentKey::entry(&self.settings.company, ObjectKind::Payment, entry);
            compare_payment(comparison, rows, &document, &payment);
        }
        Ok(())
    }

    /// What SAP's payments apply to which invoice, in the invoice's currency.
    pub(crate) async fn applied(&self, entries: &[i64]) -> Result<BTreeMap<i64, Applied>, ReconcileError> {
        let payments = self.sap.payments(entries).await?;
        let payments: Vec<Payment> = payments.into_values().filter_map(Result::ok).collect();
        let invoices: BTreeSet<i64> = payments.iter().flat_map(paid_entries).collect();
        let invoices: Vec<i64> = invoices.into_iter().collect();
        let invoices = readable(self.sap.documents(ObjectKind::Invoice, &invoices).await?);
        let terms = self.payment_terms().await?;
        let context = self.context(&terms);
        let mut applied = BTreeMap::new();
        for payment in &payments {
            // One that can't be mapped is told by its dead letter; its invoices show it as missing nowhere.
            let Ok(image) = mapping::payment(&context, payment, &invoices) else { continue };
            let on_invoices = if image.cancelled { BTreeMap::new() } else { image.on_invoices.clone() };
            let one = Applied {
                all: image.on_invoices,
                cancelled: image.cancelled,
                number: payment.doc_num.map(|number| number.to_string()).unwrap_or_default(),
                supplier: payment.card_code.clone(),
                date: payment.doc_date,
                on_invoices,
            };
            applied.insert(payment.doc_entry, one);
        }
        Ok(applied)
    }
}

impl Applied {
    /// What a sync would do to it; `shown` is what Coupa shows of an invoice.
    pub(crate) fn plan<'a>(
        &self,
        document: &DocumentKey,
        shown: impl Fn(i64) -> Option<&'a Invoice>,
    ) -> Planned {
        let (mut changes, mut there, mut without) = (Vec::new(), 0, 0);
        for (entry, amount) in &self.all {
            let Some(invoice) = shown(*entry) else {
                without += 1;
                continue;
            };
            let mut rows = Rows::default();
            rows.add(&DocumentKey::entry(&document.company, ObjectKind::Invoice, *entry), invoice);
            let key = document.doc_entry().map(|payment| (payment, *entry));
            let row = key.and_then(|key| rows.shown.get(&key)).map(|row| row.sum).unwrap_or_default();
            there += usize::from(!row.is_zero());
            let wanted = if self.cancelled { Decimal::ZERO } else { *amount };
            if row != wanted {
                changes.push(FieldDifference {
                    field: "amount-paid".to_owned(),
                    sap: format!("{} on invoice entry {entry}", wanted.normalize()),
                    coupa: row.normalize().to_string(),
                });
            }
        }
        let (action, reason) = match (changes.is_empty(), self.cancelled) {
            (true, _) if without > 0 && there == 0 => {
                (Action::NotApplicable, "its invoices are not in Coupa")
            }
            (true, _) => (Action::Unchanged, ""),
            (false, true) => (Action::Cancel, ""),
            (false, false) if there == 0 => (Action::Create, ""),
            (false, false) => (Action::Update, ""),
        };
        Planned {
            document: document.clone(),
            number: self.number.clone(),
            action,
            calls: u32::try_from(changes.len()).unwrap_or(u32::MAX),
            changes,
            code: None,
            reason: reason.to_owned(),
        }
    }
}

fn compare_payment(
    comparison: &mut Comparison<'_>,
    rows: &mut Rows,
    document: &DocumentKey,
    payment: &Applied,
) {
    let Some(entry) = document.doc_entry() else { return };
    let mut shown: BTreeMap<i64, Shown> = BTreeMap::new();
    for invoice in payment.on_invoices.keys() {
        shown.extend(rows.shown.remove(&(entry, *invoice)).map(|row| (*invoice, row)));
    }
    let others: Vec<(i64, i64)> =
        rows.shown.range((entry, i64::MIN)..=(entry, i64::MAX)).map(|(key, _)| *key).collect();
    for key in others {
        shown.extend(rows.shown.remove(&key).map(|row| (key.1, row)));
    }
    // On an invoice that Coupa lacks there is no payment to miss: the invoice is.
    let expected = payment.on_invoices.iter().filter(|(invoice, _)| rows.invoices.contains_key(*invoice));
    if payment.on_invoices.keys().any(|invoice| !rows.invoices.contains_key(invoice)) {
        comparison.ledger.hang_on_missing.push(document.clone());
    }
    let expected: BTreeMap<i64, Decimal> = expected.map(|(invoice, amount)| (*invoice, *amount)).collect();
    let (mut values, mut doubled, mut missing) = (Vec::new(), false, 0);
    let mut coupa_ids = Vec::new();
    for invoice in expected.keys().chain(shown.keys()).collect::<BTreeSet<_>>() {
        let currency = rows.invoices.get(invoice).and_then(|(currency, _)| currency.clone());
        let wanted = expected.get(invoice).copied().unwrap_or_default();
        let there = shown.get(invoice).map(|row| row.sum).unwrap_or_default();
        if !wanted.is_zero() {
            comparison.ledger.sap(ObjectKind::Payment, &applied(currency.clone(), wanted));
        }
        if !there.is_zero() {
            comparison.ledger.coupa(ObjectKind::Payment, &applied(currency, there));
        }
        if wanted == there {
            continue;
        }
        let row = shown.get(invoice);
        coupa_ids.extend(row.and_then(|row| row.invoice));
        doubled |= row.is_some_and(|row| row.rows > 1);
        missing += usize::from(row.is_none());
        values.push(FieldDifference {
            field: "amount-paid".to_owned(),
            sap: format!("{} on invoice entry {invoice}", wanted.normalize()),
            coupa: there.normalize().to_string(),
        });
    }
    if values.is_empty() {
        return;
    }
    let kind = match () {
        () if doubled => DifferenceKind::Doubled,
        () if missing == expected.len() && missing > 0 => DifferenceKind::Missing,
        () if expected.is_empty() => DifferenceKind::Extra,
        () => DifferenceKind::Different,
    };
    let found = Found { document, supplier: &payment.supplier, number: &payment.number, coupa_ids };
    let whole = kind != DifferenceKind::Different;
    comparison.ledger.differs(found, kind, if whole { vec![] } else { values });
}

const fn applied(currency: Option<String>, sum: Decimal) -> Figures {
    Figures { currency, status: "applied", sum }
}

const fn entry_of(key: &model::SapKey) -> Option<i64> {
    match key {
        model::SapKey::DocEntry(entry) => Some(*entry),
        model::SapKey::CardCode(_) => None,
    }
}
