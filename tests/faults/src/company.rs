//! A company at work: what its people enter in SAP in the course of a day.

use crate::{
    fault::{Fault, Faults},
    net::POISON,
    random::Random,
    watch::VERSION_MARK,
};
use jiff::{SignedDuration, civil::DateTime};
use rust_decimal::Decimal;
use simulators::{
    samples,
    sap::{CancelStatus, DocumentKind, DocumentSpec, ExpenseSpec, Field, LineSpec, Simulator, SupplierSpec},
};
use std::{collections::BTreeMap, sync::Arc};

/// The people, and what they remember.
pub struct Company {
    sap: Simulator,
    random: Random,
    faults: Arc<Faults>,
    suppliers: Vec<String>,
    /// Versions of suppliers and orders, by name.
    versions: BTreeMap<String, u32>,
    /// When things are entered, if not now.
    pub long_ago: Option<DateTime>,
    /// An order that is to be changed once more within its minute.
    pub once_more: Option<i64>,
    /// A supplier that is to be changed in Coupa as well.
    pub both_sides: Option<String>,
}

/// One thing that people do; what it was, if it could be done.
type Deed = fn(&mut Company) -> Option<String>;

/// What people do, and how often of a hundred and twenty times.
const DEEDS: [(u64, Deed); 15] = [
    (8, Company::add_supplier),
    (7, Company::change_supplier),
    (2, Company::shut_supplier),
    (22, Company::order),
    (14, Company::change_order),
    (4, Company::close_order),
    (2, Company::reopen_order),
    (3, Company::cancel_order),
    (5, Company::receive),
    (24, Company::invoice),
    (3, Company::cancel_invoice),
    (5, Company::credit),
    (1, Company::cancel_credit),
    (17, Company::pay),
    (3, Company::cancel_payment),
];

impl Company {
    /// Nobody has entered anything yet.
    pub fn new(sap: Simulator, seed: u64, faults: Arc<Faults>) -> Self {
        let random = Random::of(seed, "company");
        Self {
            sap,
            random,
            faults,
            suppliers: vec![],
            versions: BTreeMap::new(),
            long_ago: None,
            once_more: None,
            both_sides: None,
        }
    }

    /// Somebody does something. Answers what, unless SAP would not have it.
    pub fn act(&mut self) -> Option<String> {
        if self.suppliers.len() < 3 {
            return self.add_supplier();
        }
        let all: u64 = DEEDS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.random.next() % all;
        let deed = DEEDS.iter().find(|(weight, _)| {
            let this = at < *weight;
            at = at.saturating_sub(*weight);
            this
        });
        let deed = deed.map(|(_, deed)| *deed)?;
        let late = self.long_ago.or_else(|| self.late());
        if let Some(moment) = late {
            self.sap.pretend(Some(moment));
        }
        let what = deed(self);
        self.sap.pretend(None);
        what.map(|what| if late.is_some() { format!("{what}, stamped {late:?}") } else { what })
    }

    /// One of each kind, on top of everything else.
    pub fn one_of_each(&mut self) {
        self.add_supplier();
        self.order();
        let invoice = self.free_invoice();
        let Some(invoice) = invoice else { return };
        let total = self.sap.document(DocumentKind::Invoice, invoice).map(|it| it.total.local);
        if let Some(total) = total {
            self.sap.pay(&[(invoice, total)]).unwrap();
        }
        if let Some(invoice) = self.free_invoice() {
            self.credit_of(invoice);
        }
    }

    /// The moment that SAP stamps it with, where it becomes visible only later.
    fn late(&self) -> Option<DateTime> {
        let change = self.faults.hits(Fault::LateChange);
        (change || self.faults.hits(Fault::LateRow)).then(|| {
            let late = self.faults.random(Fault::LateChange).between(5, 150);
            self.sap.company_time().saturating_sub(SignedDuration::from_secs(late))
        })
    }

    fn supplier(&self) -> Option<String> {
        self.random.pick(&self.suppliers).cloned()
    }

    fn next_version(&mut self, of: &str) -> u32 {
        let version = self.versions.entry(of.to_owned()).or_default();
        *version += 1;
        *version
    }

    fn add_supplier(&mut self) -> Option<String> {
        let code = format!("V{}", self.suppliers.len() + 1);
        let version = self.next_version(&code);
        let name = format!("Supplier {code}{VERSION_MARK}{version}");
        self.sap.add_supplier(SupplierSpec { name, ..samples::supplier(&code) }).ok()?;
        self.suppliers.push(code.clone());
        Some(format!("supplier {code} is added"))
    }

    fn change_supplier(&mut self) -> Option<String> {
        let code = self.supplier()?;
        let version = self.next_version(&code);
        let name = format!("Supplier {code}{VERSION_MARK}{version}");
        let rename = |partner: &mut simulators::sap::Record| {
            partner.set("CardName", Field::Text(name));
        };
        self.sap.change_supplier(&code, rename).ok()?;
        if self.faults.strikes(Fault::BothSides) {
            self.both_sides = Some(code.clone());
        }
        Some(format!("supplier {code} is changed to version {version}"))
    }

    fn shut_supplier(&mut self) -> Option<String> {
        let code = self.supplier()?;
        let frozen = self.sap.supplier(&code)?.text("Frozen") == "tYES";
        let (now_frozen, valid) = if frozen { ("tNO", "tYES") } else { ("tYES", "tNO") };
        let shut = |partner: &mut simulators::sap::Record| {
            partner.set("Frozen", Field::Text(now_frozen.to_owned()));
            partner.set("Valid", Field::Text(valid.to_owned()));
        };
        self.sap.change_supplier(&code, shut).ok()?;
        Some(format!("supplier {code} is {}", if frozen { "let in again" } else { "frozen" }))
    }

    fn lines(&self, version: u32) -> Vec<LineSpec> {
        let count = self.random.between(1, 3);
        let line = |at: i64| {
            let cents = self.random.between(101, 99_999);
            let price = format!("{}.{:02}", cents / 100, cents % 100);
            let item = format!("A{at}");
            let description = format!("Item {item}{VERSION_MARK}{version}");
            let quantity = self.random.between(2, 12);
            LineSpec { description, ..samples::line(&item, quantity, &price) }
        };
        (1..=count).map(line).collect()
    }

    fn spec(&self, supplier: &str, lines: Vec<LineSpec>) -> DocumentSpec {
        let discount_percent = if self.random.percent(15) { Decimal::from(2) } else { Decimal::ZERO };
        let freight =
            ExpenseSpec { net: Decimal::new(self.random.between(100, 9_000), 2), ..ExpenseSpec::default() };
        let expenses = if self.random.percent(10) { vec![freight] } else { vec![] };
        DocumentSpec { discount_percent, expenses, ..samples::document(supplier, lines) }
    }

    fn order(&mut self) -> Option<String> {
        let supplier = self.supplier()?;
        let spec = DocumentSpec { expenses: vec![], ..self.spec(&supplier, self.lines(1)) };
        let entry = self.sap.add_purchase_order(spec).ok()?;
        self.versions.insert(format!("order {entry}"), 1);
        Some(format!("order {entry} of {supplier} is entered"))
    }

    /// An order of which nothing was taken yet.
    fn untouched_order(&self) -> Option<i64> {
        let open = |entry: &i64| {
            self.sap.document(DocumentKind::Order, *entry).is_some_and(|order| {
                let untouched = order.lines.iter().all(|line| line.open_quantity == line.quantity);
                order.cancel == CancelStatus::No && !order.closed && untouched
            })
        };
        self.some_of(DocumentKind::Order, open)
    }

    fn some_of(&self, kind: DocumentKind, fits: impl Fn(&i64) -> bool) -> Option<i64> {
        let entries = self.sap.entries(kind);
        // Mostly what is new.
        let newest = entries.len().saturating_sub(if self.random.percent(25) { 200 } else { 15 });
        let entries: Vec<i64> = entries[newest..].to_vec();
        (0..6).filter_map(|_| self.random.pick(&entries).copied()).find(|entry| fits(entry))
    }

    fn change_order(&mut self) -> Option<String> {
        let entry = self.untouched_order()?;
        if self.faults.hits(Fault::SameMinute) {
            self.once_more = Some(entry);
        }
        self.change_this_order(entry)
    }

    /// Changes that order, if it can be changed still.
    pub fn change_this_order(&mut self, entry: i64) -> Option<String> {
        let order = self.sap.document(DocumentKind::Order, entry)?;
        let untouched = order.lines.iter().all(|line| line.open_quantity == line.quantity);
        if order.closed || order.cancel != CancelStatus::No || !untouched {
            return None;
        }
        let version = self.next_version(&format!("order {entry}"));
        self.sap
            .change_document(DocumentKind::Order, entry, |order| {
                for line in &mut order.lines {
                    line.quantity += Decimal::ONE;
                    line.open_quantity = line.quantity;
                    let name = line.description.split(VERSION_MARK).next().unwrap_or_default().to_owned();
                    line.description = format!("{name}{VERSION_MARK}{version}");
                }
            })
            .ok()?;
        Some(format!("order {entry} is changed to version {version}"))
    }

    fn close_order(&mut self) -> Option<String> {
        let open =
            |entry: &i64| self.sap.document(DocumentKind::Order, *entry).is_some_and(|order| !order.closed);
        let entry = self.some_of(DocumentKind::Order, open)?;
        self.sap.close_order(entry).ok()?;
        Some(format!("order {entry} is closed"))
    }

    fn reopen_order(&mut self) -> Option<String> {
        let closed =
            |entry: &i64| self.sap.document(DocumentKind::Order, *entry).is_some_and(|order| order.closed);
        let entry = self.some_of(DocumentKind::Order, closed)?;
        self.sap.reopen_order(entry).ok()?;
        Some(format!("order {entry} is opened again"))
    }

    fn cancel_order(&mut self) -> Option<String> {
        let entry = self.untouched_order()?;
        self.sap.cancel(DocumentKind::Order, entry).ok()?;
        Some(format!("order {entry} is cancelled"))
    }

    fn receive(&mut self) -> Option<String> {
        if !self.sap.settings().copy_stamps_base {
            // An order that only a goods receipt has closed, without a stamp, is seen when its invoice comes.
            return None;
        }
        let entry = self.untouched_order()?;
        let receipt = self.sap.add_goods_receipt(entry).ok()?;
        Some(format!("goods receipt {receipt} of order {entry} is entered"))
    }

    fn free_invoice(&mut self) -> Option<i64> {
        let supplier = self.supplier()?;
        let mut lines = self.lines(1);
        if self.faults.hits(Fault::Poison) {
            lines[0].description = format!("{POISON} {}", lines[0].description);
        }
        self.sap.add_invoice(self.spec(&supplier, lines)).ok()
    }

    fn invoice(&mut self) -> Option<String> {
        let reference = DocumentSpec {
            reference: format!("RE-{}", self.random.between(1_000, 9_999)),
            ..DocumentSpec::default()
        };
        match self.random.below(10) {
            0..=1 => {
                let invoice = self.free_invoice()?;
                Some(format!("invoice {invoice} without an order is entered"))
            }
            2..=3 => {
                let receipt = self.some_of(DocumentKind::Receipt, |_| true)?;
                let invoice =
                    self.sap.copy(DocumentKind::Receipt, receipt, DocumentKind::Invoice, reference).ok()?;
                Some(format!("invoice {invoice} on receipt {receipt} is entered"))
            }
            4..=6 => {
                let order = self.untouched_order()?;
                let invoice =
                    self.sap.copy(DocumentKind::Order, order, DocumentKind::Invoice, reference).ok()?;
                Some(format!("invoice {invoice} on all of order {order} is entered"))
            }
            _ => {
                let open = |entry: &i64| {
                    self.sap.document(DocumentKind::Order, *entry).is_some_and(|order| {
                        order.lines.first().is_some_and(|line| line.open_quantity > Decimal::ONE)
                            && !order.closed
                    })
                };
                let order = self.some_of(DocumentKind::Order, open)?;
                let part = LineSpec {
                    quantity: Some(Decimal::ONE),
                    ..LineSpec::copied_from(DocumentKind::Order, order, 0)
                };
                let invoice = self.sap.add_invoice(DocumentSpec {
                    supplier: String::new(),
                    lines: vec![part],
                    ..reference
                });
                Some(format!("invoice {} on part of order {order} is entered", invoice.ok()?))
            }
        }
    }

    fn cancel_invoice(&mut self) -> Option<String> {
        let fits = |entry: &i64| {
            self.sap
                .document(DocumentKind::Invoice, *entry)
                .is_some_and(|invoice| invoice.cancel == CancelStatus::No && invoice.paid.local.is_zero())
        };
        let entry = self.some_of(DocumentKind::Invoice, fits)?;
        self.sap.cancel(DocumentKind::Invoice, entry).ok()?;
        Some(format!("invoice {entry} is cancelled"))
    }

    fn unpaid(&self, entry: i64) -> Option<Decimal> {
        let invoice = self.sap.document(DocumentKind::Invoice, entry)?;
        let open = invoice.cancel == CancelStatus::No && invoice.balance().local > Decimal::ZERO;
        open.then(|| invoice.balance().local)
    }

    fn credit(&mut self) -> Option<String> {
        let entry = self.some_of(DocumentKind::Invoice, |entry| self.unpaid(*entry).is_some())?;
        self.credit_of(entry)
    }

    fn credit_of(&mut self, invoice: i64) -> Option<String> {
        let spec = DocumentSpec { reference: format!("CN-{invoice}"), ..DocumentSpec::default() };
        let note = self.sap.copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, spec).ok()?;
        Some(format!("credit note {note} on invoice {invoice} is entered"))
    }

    fn cancel_credit(&mut self) -> Option<String> {
        let entry = self.some_of(DocumentKind::CreditNote, |_| true)?;
        self.sap.cancel(DocumentKind::CreditNote, entry).ok()?;
        Some(format!("credit note {entry} is cancelled"))
    }

    fn pay(&mut self) -> Option<String> {
        let first = self.some_of(DocumentKind::Invoice, |entry| self.unpaid(*entry).is_some())?;
        let supplier = self.sap.document(DocumentKind::Invoice, first)?.card_code;
        let mut rows = vec![(first, self.unpaid(first)?)];
        if self.random.percent(30) {
            let others: Vec<i64> = self.sap.entries(DocumentKind::Invoice);
            let fits = |entry: &i64| {
                *entry != first
                    && self.unpaid(*entry).is_some()
                    && self
                        .sap
                        .document(DocumentKind::Invoice, *entry)
                        .is_some_and(|it| it.card_code == supplier)
            };
            rows.extend(
                others
                    .into_iter()
                    .filter(fits)
                    .take(2)
                    .filter_map(|entry| Some((entry, self.unpaid(entry)?))),
            );
        }
        if self.random.percent(20) {
            for (_, amount) in &mut rows {
                *amount = (*amount / Decimal::TWO).round_dp(2);
            }
        }
        rows.retain(|(_, amount)| *amount > Decimal::ZERO);
        let payment = self.sap.pay(&rows).ok()?;
        let invoices: Vec<i64> = rows.iter().map(|(entry, _)| *entry).collect();
        Some(format!("payment {payment} on invoices {invoices:?} is entered"))
    }

    fn cancel_payment(&mut self) -> Option<String> {
        let payments = self.sap.payment_entries();
        let entry = *self.random.pick(&payments)?;
        self.sap.cancel_payment(entry).ok()?;
        Some(format!("payment {entry} is cancelled"))
    }
}
