use super::documents::{items, services};
use super::random::Random;
use super::suppliers::{self, Supplier};
use crate::sap::{DocumentKind, DocumentSpec, PaymentSpec, Refusal, Simulator};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// How large the company is. Documents that cancel others come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Suppliers.
    pub suppliers: usize,
    /// Purchase orders.
    pub orders: usize,
    /// Invoices.
    pub invoices: usize,
    /// Credit notes.
    pub credit_notes: usize,
    /// Outgoing payments.
    pub payments: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self { suppliers: 220, orders: 400, invoices: 380, credit_notes: 40, payments: 260 }
    }
}

impl Size {
    /// The usual mix, with about that many orders, invoices, credit notes and payments in all.
    pub fn with_documents(documents: usize) -> Self {
        let usual = Self::default();
        let all = usual.orders + usual.invoices + usual.credit_notes + usual.payments;
        let of = |usual: usize| (usual * documents / all).max(1);
        Self {
            suppliers: of(usual.suppliers).min(usual.suppliers * 10),
            orders: of(usual.orders),
            invoices: of(usual.invoices),
            credit_notes: of(usual.credit_notes),
            payments: of(usual.payments),
        }
    }
}

/// What is to happen when.
enum Event {
    Order,
    Receive(i64),
    Invoice(DocumentKind, i64),
    InvoiceWithoutOrder,
    Credit,
    Pay,
    Cancel(DocumentKind, i64),
    CancelPayment(i64),
    Close(i64),
}

/// Fills `sap` with a year of business, day by day, up to the clock's present. The same seed makes the same
/// company.
pub fn generate(sap: &Simulator, seed: u64, size: Size) -> Result<(), Refusal> {
    let now = sap.company_time();
    let mut year = Year {
        sap,
        random: Random::new(seed),
        size,
        now,
        suppliers: Vec::new(),
        events: BTreeMap::new(),
        unpaid: BTreeMap::new(),
        invoices: Vec::new(),
        orders_made: 0,
        credited: 0,
        sequence: 0,
    };
    let result = year.run();
    sap.pretend(None);
    result
}

struct Year<'a> {
    sap: &'a Simulator,
    random: Random,
    size: Size,
    now: DateTime,
    suppliers: Vec<Supplier>,
    events: BTreeMap<(DateTime, u64), Event>,
    /// Invoices with a balance, by supplier and currency.
    unpaid: BTreeMap<(String, String), Vec<i64>>,
    /// Those a credit note can be written for.
    invoices: Vec<i64>,
    orders_made: usize,
    credited: usize,
    sequence: u64,
}

impl Year<'_> {
    fn run(&mut self) -> Result<(), Refusal> {
        self.sap.pretend(Some(self.first_day().to_datetime(Time::constant(8, 0, 0, 0))));
        self.suppliers = suppliers::add(self.sap, &mut self.random, self.size.suppliers)?;
        self.plan();
        while let Some(((moment, _), event)) = self.events.pop_first() {
            self.sap.pretend(Some(moment));
            self.happen(moment, &event)?;
        }
        Ok(())
    }

    /// A few documents are older than the year.
    fn first_day(&self) -> Date {
        let usual = Date::constant(2025, 12, 8);
        if self.now.date() > usual { usual } else { self.now.date().saturating_sub(30.days()) }
    }

    fn plan(&mut self) {
        let Size { orders, invoices, credit_notes, payments, .. } = self.size;
        // Seven in ten orders are invoiced; the other invoices come without an order.
        let from_orders = invoices.min(orders * 7 / 10);
        for number in 0..orders {
            let moment = self.moment(number, orders);
            self.plan_event(moment, Event::Order);
        }
        for number in 0..invoices - from_orders {
            let moment = self.moment(number, invoices - from_orders);
            self.plan_event(moment, Event::InvoiceWithoutOrder);
        }
        for number in 0..credit_notes {
            let moment = self.moment(number + credit_notes / 4, credit_notes + credit_notes / 4);
            self.plan_event(moment, Event::Credit);
        }
        for number in 0..payments {
            let moment = self.moment(number + payments / 4, payments + payments / 4);
            self.plan_event(moment, Event::Pay);
        }
    }

    /// When the `number`-th of `count` events happens: the days evenly, at some time of the working day.
    fn moment(&mut self, number: usize, count: usize) -> DateTime {
        let first = self.first_day();
        let days = self.now.date().since(first).map_or(0, |span| i64::from(span.get_days()));
        let (number, count) = (i64::try_from(number).unwrap_or(0), i64::try_from(count).unwrap_or(1).max(1));
        let date = first.saturating_add((days * number / count).days());
        self.in_working_hours(date)
    }

    fn in_working_hours(&mut self, date: Date) -> DateTime {
        let seconds = self.random.between(7 * 3600, 18 * 3600);
        let moment = date.to_datetime(Time::midnight()).saturating_add(seconds.seconds());
        moment.min(self.now)
    }

    fn plan_event(&mut self, moment: DateTime, event: Event) {
        self.sequence += 1;
        self.events.insert((moment, self.sequence), event);
    }

    /// Plans what happens some days later, unless that is still to come.
    fn later(&mut self, from: DateTime, days: (i64, i64), event: Event) {
        let date = from.date().saturating_add(self.random.between(days.0, days.1).days());
        let moment = self.in_working_hours(date);
        if date <= self.now.date() && moment > from {
            self.plan_event(moment, event);
        }
    }

    fn happen(&mut self, moment: DateTime, event: &Event) -> Result<(), Refusal> {
        match *event {
            Event::Order => self.order(moment),
            Event::Receive(order) => {
                let receipt = self.sap.add_goods_receipt(order)?;
                if self.random.percent(3) {
                    self.later(moment, (1, 1), Event::Cancel(DocumentKind::Receipt, receipt));
                } else {
                    self.later(moment, (1, 9), Event::Invoice(DocumentKind::Receipt, receipt));
                }
                Ok(())
            }
            Event::Invoice(kind, base) => {
                let spec = self.invoice_spec();
                let invoice = self.sap.copy(kind, base, DocumentKind::Invoice, spec)?;
                self.invoiced(moment, invoice);
                Ok(())
            }
            Event::InvoiceWithoutOrder => {
                let Some(supplier) = self.random.pick(&self.suppliers).cloned() else { return Ok(()) };
                let base = self.invoice_spec();
                let spec = if self.random.percent(70) {
                    services(&mut self.random, &supplier, moment.date(), base)
                } else {
                    items(&mut self.random, &supplier, moment.date(), base)
                };
                let invoice = self.sap.add_invoice(spec)?;
                self.invoiced(moment, invoice);
                Ok(())
            }
            Event::Credit => self.credit(moment),
            Event::Pay => self.pay(moment),
            Event::Cancel(kind, entry) => self.sap.cancel(kind, entry).map(drop),
            Event::CancelPayment(entry) => self.cancel_payment(entry),
            Event::Close(order) => self.sap.close_order(order),
        }
    }

    fn order(&mut self, moment: DateTime) -> Result<(), Refusal> {
        let Some(supplier) = self.random.pick(&self.suppliers).cloned() else { return Ok(()) };
        let due_date = Some(moment.date().saturating_add(14.days()));
        let base = DocumentSpec { due_date, ..DocumentSpec::default() };
        let service = self.random.percent(10);
        let spec = if service {
            services(&mut self.random, &supplier, moment.date(), base)
        } else {
            items(&mut self.random, &supplier, moment.date(), base)
        };
        let order = self.sap.add_purchase_order(spec)?;
        self.orders_made += 1;
        // Seven in ten orders are invoiced, as many as the plan counts on.
        match self.orders_made % 20 {
            7 => self.later(moment, (1, 5), Event::Cancel(DocumentKind::Order, order)),
            13 => self.later(moment, (10, 30), Event::Close(order)),
            0 | 3 | 10 | 17 => {}
            share if share % 2 == 0 && !service => self.later(moment, (3, 12), Event::Receive(order)),
            _ => self.later(moment, (5, 20), Event::Invoice(DocumentKind::Order, order)),
        }
        Ok(())
    }

    fn invoice_spec(&mut self) -> DocumentSpec {
        let reference =
            format!("RE-{}-{}", self.random.between(10, 99), self.random.between(100_000, 999_999));
        DocumentSpec { reference, ..DocumentSpec::default() }
    }

    fn invoiced(&mut self, moment: DateTime, invoice: i64) {
        let Some(document) = self.sap.document(DocumentKind::Invoice, invoice) else { return };
        if self.random.percent(3) {
            self.later(moment, (0, 2), Event::Cancel(DocumentKind::Invoice, invoice));
            return;
        }
        self.invoices.push(invoice);
        self.unpaid.entry((document.card_code, document.currency)).or_default().push(invoice);
    }

    fn credit(&mut self, moment: DateTime) -> Result<(), Refusal> {
        if self.invoices.is_empty() {
            self.later(moment, (5, 10), Event::Credit);
            return Ok(());
        }
        let count = u64::try_from(self.invoices.len()).unwrap_or(1);
        let at = usize::try_from(self.random.below(count)).unwrap_or_default();
        let invoice = self.invoices.swap_remove(at);
        let spec = DocumentSpec {
            reference: format!("CN-{}", self.random.between(1_000, 9_999)),
            ..DocumentSpec::default()
        };
        let credit_note = self.sap.copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, spec)?;
        self.credited += 1;
        if self.credited % 15 == 1 {
            self.later(moment, (1, 1), Event::Cancel(DocumentKind::CreditNote, credit_note));
        }
        Ok(())
    }

    fn pay(&mut self, moment: DateTime) -> Result<(), Refusal> {
        let transfer_reference = format!("SEPA-{}", self.random.between(10_000, 99_999));
        let Some(supplier) = self.random.pick(&self.suppliers).cloned() else { return Ok(()) };
        let rows = if self.random.percent(3) { Vec::new() } else { self.due() };
        let on_account = if rows.is_empty() {
            Decimal::new(self.random.between(5_000, 500_000), 2)
        } else {
            Decimal::ZERO
        };
        let supplier = if rows.is_empty() { supplier.code } else { String::new() };
        let payment = self.sap.add_payment(PaymentSpec {
            supplier,
            rows,
            on_account,
            transfer_reference,
            ..PaymentSpec::default()
        })?;
        if self.random.percent(3) {
            self.later(moment, (1, 3), Event::CancelPayment(payment));
        }
        Ok(())
    }

    /// Up to three open invoices of one supplier, mostly in full.
    fn due(&mut self) -> Vec<(DocumentKind, i64, Decimal)> {
        let count = u64::try_from(self.unpaid.len()).unwrap_or_default();
        let at = usize::try_from(self.random.below(count)).unwrap_or_default();
        let Some(key) = self.unpaid.keys().nth(at).cloned() else { return Vec::new() };
        let Some(invoices) = self.unpaid.remove(&key) else { return Vec::new() };
        let mut rows = Vec::new();
        let mut left = Vec::new();
        for invoice in invoices {
            let Some(document) = self.sap.document(DocumentKind::Invoice, invoice) else { continue };
            let balance = document.balance().in_document(document.is_foreign);
            if balance <= Decimal::ZERO {
                continue;
            }
            if rows.len() >= 3 {
                left.push(invoice);
            } else if self.random.percent(10) {
                rows.push((DocumentKind::Invoice, invoice, (balance / Decimal::TWO).round_dp(2)));
                left.push(invoice);
            } else {
                rows.push((DocumentKind::Invoice, invoice, balance));
            }
        }
        rows.retain(|(_, _, amount)| *amount > Decimal::ZERO);
        if !left.is_empty() {
            self.unpaid.insert(key, left);
        }
        rows
    }

    fn cancel_payment(&mut self, entry: i64) -> Result<(), Refusal> {
        self.sap.cancel_payment(entry)?;
        for row in self.sap.payment(entry).into_iter().flat_map(|payment| payment.rows) {
            let Some(document) = self.sap.document(row.kind, row.document) else { continue };
            let unpaid = self.unpaid.entry((document.card_code, document.currency)).or_default();
            if !unpaid.contains(&row.document) {
                unpaid.push(row.document);
            }
        }
        Ok(())
    }
}
