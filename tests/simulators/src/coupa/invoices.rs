//! `/api/invoices`: drafts are made and edited here; once submitted, only notes and payments move.

use super::input::{Draft, elements, missing};
use super::problem::{Problem, label};
use super::record::{Field, Record};
use super::references::hyphenated;
use super::schema::Kind;
use super::state::State;
use super::totals;
use serde_json::{Map, Value};

/// What can't be changed any more once an invoice is submitted.
const FROZEN: [&str; 17] = [
    "invoice-lines",
    "invoice-charges",
    "tax-lines",
    "tax-amount",
    "tax-rate",
    "tax-code",
    "shipping-amount",
    "handling-amount",
    "misc-amount",
    "invoice-number",
    "supplier",
    "currency",
    "account-type",
    "line-level-taxation",
    "is-credit-note",
    "supplier-total",
    "invoice-date",
];

const CHARGES: [&str; 3] = ["InvoiceShippingCharge", "InvoiceHandlingCharge", "InvoiceMiscCharge"];

fn refused(message: impl Into<String>) -> Problem {
    Problem::refused("invoice-header", message)
}

impl State {
    /// `POST /api/invoices`.
    pub(crate) fn create_invoice(&mut self, body: Value) -> Result<u64, Problem> {
        let draft = self.draft(Kind::InvoiceHeader, body)?;
        if draft.has("payments") {
            return Err(refused("Payments can only be added to approved invoices."));
        }
        let mut invoice = self.fresh(Kind::InvoiceHeader);
        invoice.set_text("status", "draft");
        invoice.set("exported", Field::Flag(false));
        invoice.set("paid", Field::Flag(false));
        invoice.set("line-level-taxation", Field::Flag(false));
        invoice.set("is-credit-note", Field::Flag(false));
        invoice.set("lock-version-key", Field::Integer(0));
        self.edit_draft(&mut invoice, draft)?;
        Ok(self.keep_invoice(invoice))
    }

    /// `PUT /api/invoices/:id`.
    pub(crate) fn update_invoice(&mut self, id: u64, body: Value) -> Result<u64, Problem> {
        let mut draft = self.draft(Kind::InvoiceHeader, body)?;
        let mut invoice = self.find(Kind::InvoiceHeader, id).cloned().ok_or_else(Problem::not_found)?;
        let status = invoice.text_or_empty("status").to_owned();
        let payments = draft.take("payments").map(|list| elements(list, "payment")).unwrap_or_default();
        if status != "approved" && (!payments.is_empty() || draft.flag("paid")) {
            return Err(refused(format!(
                "Payments can only be added to approved invoices; this one is in status {status}."
            )));
        }
        match status.as_str() {
            "draft" | "new" => self.edit_draft(&mut invoice, draft)?,
            "voided" | "abandoned" => {
                return Err(refused(format!("Invoice in status {status} can't be updated.")));
            }
            _ => {
                let touched = FROZEN.iter().filter(|name| draft.has(name));
                let messages = touched.map(|name| {
                    format!("{} can't be changed on an invoice in status {status}.", label(name))
                });
                Problem::from_messages("invoice-header", messages.collect())?;
                self.fill(&mut invoice, draft, None)?;
            }
        }
        self.append_payments(&mut invoice, payments)?;
        let version = invoice.integer("lock-version-key").unwrap_or(0);
        invoice.set("lock-version-key", Field::Integer(version + 1));
        Ok(self.keep_invoice(invoice))
    }

    fn edit_draft(&mut self, invoice: &mut Record, mut draft: Draft) -> Result<(), Problem> {
        let lines = draft.take("invoice-lines");
        let charges = draft.take("invoice-charges");
        let remit_to = draft.take("remit-to-address");
        let chart = match draft.take("account-type") {
            Some(value) => {
                let chart = self.resolve(Kind::InvoiceHeader, "account-type", Kind::AccountType, value, None);
                if let Some(field) = chart.map_err(refused)? {
                    invoice.set("account-type", field);
                }
                invoice.reference("account-type")
            }
            None => invoice.reference("account-type"),
        };
        self.fill(invoice, draft, chart)?;
        self.check_header(invoice)?;
        if let Some(value) = remit_to {
            self.point_at_remit_to(invoice, value);
        }
        for entry in lines.map(|list| elements(list, "invoice-line")).unwrap_or_default() {
            self.save_invoice_line(invoice, entry, chart)?;
        }
        if let Some(list) = charges {
            self.replace_charges(invoice, list, chart)?;
        }
        totals::settle(invoice);
        check_totals(invoice)
    }

    fn check_header(&mut self, invoice: &mut Record) -> Result<(), Problem> {
        let mut messages = missing(invoice, &["invoice-number", "invoice-date", "supplier"]);
        let credit_note = invoice.flag("is-credit-note");
        invoice.set_text("document-type", if credit_note { "Credit Note" } else { "Invoice" });
        if credit_note {
            messages.extend(missing(invoice, &["original-invoice-number", "original-invoice-date"]));
        }
        let number = invoice.text_or_empty("invoice-number");
        if let Some(other) = self.same_number(invoice) {
            let text = format!("{number} of supplier {}", other.reference("supplier").unwrap_or_default());
            self.journal.duplicate("invoice", &text);
            messages.push("Invoice # has already been taken".to_owned());
        }
        if self.refuses_supplier_of(invoice) {
            messages.push("Supplier is not active".to_owned());
        }
        Problem::from_messages("invoice-header", messages)
    }

    fn same_number(&self, invoice: &Record) -> Option<&Record> {
        let holders = self.indices.invoice_number.get(invoice.text_or_empty("invoice-number"))?;
        holders.iter().filter_map(|id| self.find(Kind::InvoiceHeader, *id)).find(|other| {
            let free = self.settings.voided_numbers_are_free
                && matches!(other.text_or_empty("status"), "voided" | "abandoned");
            !free
                && other.id() != invoice.id()
                && other.reference("supplier") == invoice.reference("supplier")
        })
    }

    /// An invoice shows one of its supplier's remit-to addresses. One that doesn't exist is left out.
    fn point_at_remit_to(&mut self, invoice: &mut Record, value: Value) {
        let keys = match value {
            Value::Object(members) => hyphenated(members),
            _ => Map::new(),
        };
        let supplier = invoice.reference("supplier").and_then(|id| self.find(Kind::Supplier, id));
        let addresses = supplier.map(|supplier| supplier.list("remit-to-addresses")).unwrap_or_default();
        let found = addresses.iter().find(|address| match (keys.get("id"), keys.get("remit-to-code")) {
            (Some(id), _) => super::input::as_id(id) == Some(address.id()),
            (None, Some(Value::String(code))) => address.text("remit-to-code") == Some(code),
            _ => false,
        });
        match found {
            Some(address) => invoice.set("remit-to-address", Field::One(Box::new(address.clone()))),
            None => {
                self.journal.ignored_reference(Kind::InvoiceHeader, "remit-to-address", &Value::Object(keys));
            }
        }
    }

    fn replace_charges(
        &mut self,
        invoice: &mut Record,
        list: Value,
        chart: Option<u64>,
    ) -> Result<(), Problem> {
        let mut charges = Vec::new();
        for entry in elements(list, "invoice-charge") {
            let draft = self.draft(Kind::InvoiceCharge, entry)?;
            let known = draft.id.and_then(|id| {
                invoice.list("invoice-charges").iter().find(|charge| charge.id() == id).cloned()
            });
            if draft.delete {
                continue;
            }
            let mut charge = known.unwrap_or_else(|| self.fresh(Kind::InvoiceCharge));
            self.fill(&mut charge, draft, chart)?;
            let mut messages = missing(&charge, &["total"]);
            if !charge.text("type").is_some_and(|ty| CHARGES.contains(&ty)) {
                messages.push(format!("Type must be one of {}", CHARGES.join(", ")));
            }
            Problem::from_messages("invoice-header.invoice_charges", messages)?;
            charges.push(charge);
        }
        invoice.set("invoice-charges", Field::Many(charges));
        Ok(())
    }

    /// Keeps an invoice and its ways to be found.
    pub(crate) fn keep_invoice(&mut self, mut invoice: Record) -> u64 {
        let id = invoice.id();
        self.forget_invoice_number(id);
        let number = invoice.text_or_empty("invoice-number").into();
        self.indices.invoice_number.entry(number).or_default().push(id);
        for line in invoice.list_mut("invoice-lines") {
            line.shrink();
        }
        self.keep_changed(Kind::InvoiceHeader, invoice)
    }

    /// Takes an invoice out of the index.
    pub(crate) fn forget_invoice_number(&mut self, id: u64) {
        let Some(before) = self.tables.get(&Kind::InvoiceHeader).and_then(|table| table.rows.get(&id)) else {
            return;
        };
        let number = before.text_or_empty("invoice-number");
        if let Some(holders) = self.indices.invoice_number.get_mut(number) {
            holders.retain(|holder| *holder != id);
            if holders.is_empty() {
                self.indices.invoice_number.remove(number);
            }
        }
    }
}

/// The control total must be what the invoice comes to, and a credit note must be negative.
pub(crate) fn check_totals(invoice: &Record) -> Result<(), Problem> {
    let total = invoice.decimal("total-with-taxes").unwrap_or_default();
    let mut messages = Vec::new();
    if let Some(control) = invoice.decimal("supplier-total")
        && control != total
    {
        messages.push(format!("Supplier Total {control} must equal the invoice total {total}"));
    }
    if invoice.flag("is-credit-note") && total >= rust_decimal::Decimal::ZERO {
        messages.push("Total must be negative".to_owned());
    }
    Problem::from_messages("invoice-header", messages)
}
