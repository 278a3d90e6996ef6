//! Holds what Coupa has against what SAP implies, document by document, without any code of the product: an independent
//! judge for the demo and the tests.

use crate::{
    coupa::{self, Invoice, Order},
    sap::{self, CancelStatus, Document, DocumentKind, Payment, Record},
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that differs, a sentence each. Documents count by their date, from `since` on; an order from before it belongs to
/// Coupa only because an invoice draws on it. Numbers are the product's default ones.
pub fn differences(sap: &sap::Simulator, coupa: &coupa::Simulator, since: Date) -> Vec<String> {
    let mut judge = Judge { sap, coupa, since, found: Vec::new() };
    judge.suppliers();
    judge.orders();
    judge.invoices();
    judge.found.extend(coupa.duplicates().into_iter().map(|what| format!("twice in Coupa: {what}")));
    judge.found.extend(
        coupa.hard_closed_orders().into_iter().map(|order| format!("order {order} was closed twice")),
    );
    judge.found
}

struct Judge<'a> {
    sap: &'a sap::Simulator,
    coupa: &'a coupa::Simulator,
    since: Date,
    found: Vec<String>,
}

impl Judge<'_> {
    fn differs(&mut self, what: String) {
        self.found.push(what);
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, sap: &T, coupa: &T) {
        if sap != coupa {
            self.differs(format!("{what}: SAP implies {sap:?}, Coupa shows {coupa:?}"));
        }
    }

    fn suppliers(&mut self) {
        let codes = self.sap.supplier_codes();
        for code in &codes {
            let Some(partner) = self.sap.supplier(code) else { continue };
            let Some(supplier) = self.coupa.supplier_by_number(code) else {
                self.differs(format!("supplier {code} is missing"));
                continue;
            };
            let active = is_yes(&partner, "Valid") && !is_yes(&partner, "Frozen");
            let status = if active { "active" } else { "inactive" };
            self.same(&format!("status of supplier {code}"), &status, &supplier.status.as_str());
            self.same(
                &format!("name of supplier {code}"),
                &partner.text("CardName"),
                &supplier.name.as_str(),
            );
        }
        // One without a number is Coupa's own so far.
        let numbers = self.coupa.suppliers().into_iter().map(|one| one.number).filter(|n| !n.is_empty());
        let extra: Vec<String> = numbers.filter(|number| !codes.contains(number)).collect();
        self.found.extend(extra.into_iter().map(|number| format!("supplier {number} is not in SAP")));
    }

    fn orders(&mut self) {
        let wanted = self.orders_under_invoices();
        let mut numbers = BTreeSet::new();
        for order in self.documents(DocumentKind::Order) {
            let number = order.number.to_string();
            numbers.insert(number.clone());
            let shown = self.coupa.order_by_number(&number);
            match (shown, order.cancel) {
                (None, CancelStatus::No) if order.date >= self.since || wanted.contains(&order.entry) => {
                    self.differs(format!("order {number} is missing"));
                }
                (Some(shown), CancelStatus::Yes) => {
                    self.same(
                        &format!("order {number} is cancelled"),
                        &true,
                        &shown.status.starts_with("cancel"),
                    );
                }
                (Some(shown), CancelStatus::No) => self.order(&order, &shown),
                _ => {}
            }
        }
        let shown: Vec<String> = self.coupa.orders().into_iter().map(|order| order.po_number).collect();
        self.same("number of orders by number", &shown.len(), &shown.iter().collect::<BTreeSet<_>>().len());
        for number in shown.iter().filter(|number| !numbers.contains(*number)) {
            self.differs(format!("order {number} is not in SAP"));
        }
    }

    fn order(&mut self, order: &Document, shown: &Order) {
        let number = order.number;
        let net: Decimal = order.lines.iter().map(|line| line.net.in_document(order.is_foreign)).sum();
        self.same(&format!("sum of order {number}"), &net.normalize(), &shown.total.normalize());
        self.same(&format!("supplier of order {number}"), &order.card_code, &shown.supplier);
        self.same(&format!("currency of order {number}"), &Some(order.currency.clone()), &shown.currency);
        let closed = matches!(shown.status.as_str(), "closed" | "soft_closed");
        self.same(&format!("order {number} is closed"), &order.closed, &closed);
        if !order.closed {
            self.same(&format!("status of order {number}"), &"issued", &shown.status.as_str());
        }
    }

    fn invoices(&mut self) {
        let payments = self.payments();
        let mut known = BTreeSet::new();
        for kind in [DocumentKind::Invoice, DocumentKind::CreditNote] {
            for document in self.documents(kind) {
                let number = match kind {
                    DocumentKind::CreditNote => format!("CN-{}", document.number),
                    _ => document.number.to_string(),
                };
                let shown = self.coupa.invoice(&document.card_code, &number);
                if document.cancel != CancelStatus::Cancellation {
                    known.insert((document.card_code.clone(), number.clone()));
                }
                let paid = payments.get(&document.entry).filter(|_| kind == DocumentKind::Invoice);
                self.invoice(&document, &number, shown.as_ref(), paid.map_or(&[][..], Vec::as_slice));
            }
        }
        let shown: Vec<Invoice> = self.coupa.invoices();
        let strangers =
            shown.iter().filter(|one| !known.contains(&(one.supplier.clone(), one.number.clone())));
        let strangers: Vec<String> = strangers
            .map(|one| format!("invoice {} of {} is not in SAP", one.number, one.supplier))
            .collect();
        self.found.extend(strangers);
        let distinct: BTreeSet<_> = shown.iter().map(|one| (&one.supplier, &one.number)).collect();
        self.same("invoices by supplier and number", &shown.len(), &distinct.len());
    }

    fn invoice(
        &mut self,
        document: &Document,
        number: &str,
        shown: Option<&Invoice>,
        payments: &[(String, Decimal, bool)],
    ) {
        match (shown, document.cancel) {
            (None, CancelStatus::No) if document.date >= self.since => {
                self.differs(format!("invoice {number} of {} is missing", document.card_code));
            }
            (Some(_), CancelStatus::Cancellation) => {
                self.differs(format!("invoice {number} only cancels another and has no place in Coupa"));
            }
            (Some(shown), CancelStatus::Yes) => {
                let void = matches!(shown.status.as_str(), "voided" | "abandoned");
                self.same(&format!("invoice {number} is void"), &true, &void);
            }
            (Some(shown), CancelStatus::No) => self.live_invoice(document, number, shown, payments),
            _ => {}
        }
    }

    fn live_invoice(
        &mut self,
        document: &Document,
        number: &str,
        shown: &Invoice,
        payments: &[(String, Decimal, bool)],
    ) {
        let total = document.total.in_document(document.is_foreign);
        let signed = if document.kind == DocumentKind::CreditNote { -total } else { total };
        self.same(&format!("total of invoice {number}"), &signed.normalize(), &shown.total.normalize());
        self.same(
            &format!("currency of invoice {number}"),
            &Some(document.currency.clone()),
            &shown.currency,
        );
        self.same(&format!("date of invoice {number}"), &Some(document.tax_date), &shown.date);
        self.same(&format!("invoice {number} is submitted"), &true, &(shown.status != "draft"));
        let mut wanted = BTreeMap::new();
        for (notes, amount, cancelled) in payments {
            let there = shown.payments.iter().any(|payment| payment.notes == *notes);
            if !cancelled || there {
                wanted.insert(notes.clone(), amount.normalize());
            }
            if *cancelled && there {
                wanted.insert(format!("{notes} reversed"), -amount.normalize());
            }
        }
        let has: BTreeMap<String, Decimal> = shown
            .payments
            .iter()
            .map(|payment| (payment.notes.clone(), payment.amount.normalize()))
            .collect();
        self.same(&format!("payments on invoice {number}"), &wanted, &has);
        self.same(&format!("number of payments on invoice {number}"), &wanted.len(), &shown.payments.len());
        if !shown.payments.is_empty() {
            self.same(&format!("invoice {number} is paid"), &document.closed, &shown.paid);
        }
    }

    /// Text, amount and whether it was cancelled, of the payments on each invoice.
    fn payments(&self) -> BTreeMap<i64, Vec<(String, Decimal, bool)>> {
        let mut by_invoice: BTreeMap<i64, BTreeMap<String, (Decimal, bool)>> = BTreeMap::new();
        let payments = self.sap.payment_entries().into_iter().filter_map(|entry| self.sap.payment(entry));
        for payment in payments.filter(|payment| payment.date >= self.since) {
            let notes = notes(&payment);
            for row in payment.rows.iter().filter(|row| row.kind == DocumentKind::Invoice) {
                let foreign =
                    self.sap.document(DocumentKind::Invoice, row.document).is_some_and(|one| one.is_foreign);
                let sum = by_invoice.entry(row.document).or_default().entry(notes.clone()).or_default();
                sum.0 += row.applied.in_document(foreign);
                sum.1 = payment.cancelled;
            }
        }
        let list = |rows: BTreeMap<String, (Decimal, bool)>| {
            rows.into_iter().map(|(notes, (sum, off))| (notes, sum, off)).collect()
        };
        by_invoice.into_iter().map(|(invoice, rows)| (invoice, list(rows))).collect()
    }

    fn documents(&self, kind: DocumentKind) -> Vec<Document> {
        self.sap.entries(kind).into_iter().filter_map(|entry| self.sap.document(kind, entry)).collect()
    }

    /// Orders that a live invoice of the period draws on, directly or through a goods receipt.
    fn orders_under_invoices(&self) -> BTreeSet<i64> {
        let mut orders = BTreeSet::new();
        let live = |document: &Document| document.cancel == CancelStatus::No && document.date >= self.since;
        for invoice in self.documents(DocumentKind::Invoice).into_iter().filter(live) {
            for base in invoice.lines.iter().filter_map(|line| line.base) {
                match base.kind {
                    DocumentKind::Order => drop(orders.insert(base.entry)),
                    DocumentKind::Receipt => {
                        let receipt = self.sap.document(DocumentKind::Receipt, base.entry);
                        let bases = receipt
                            .into_iter()
                            .flat_map(|receipt| receipt.lines)
                            .filter_map(|line| line.base);
                        orders.extend(
                            bases.filter(|base| base.kind == DocumentKind::Order).map(|base| base.entry),
                        );
                    }
                    _ => {}
                }
            }
        }
        orders
    }
}

fn notes(payment: &Payment) -> String {
    format!("SAP payment {} entry {}", payment.number, payment.entry)
}

fn is_yes(partner: &Record, member: &str) -> bool {
    partner.text(member) == "tYES"
}
