//! From what the instance holds to the types that tests compare.

use super::record::{DELETED, Field, HARD_CLOSED, Record};
use super::schema::Kind;
use super::state::State;
use super::views::{
    Charge, Invoice, InvoiceLine, Order, OrderLine, Payment, PostalAddress, RemitTo, Supplier, TaxLine,
};
use jiff::civil::Date;
use rust_decimal::Decimal;

fn owned(record: &Record, name: &str) -> String {
    record.text_or_empty(name).to_owned()
}

fn optional(record: &Record, name: &str) -> Option<String> {
    record.text(name).map(str::to_owned)
}

fn amount(record: &Record, name: &str) -> Decimal {
    record.decimal(name).unwrap_or_default()
}

fn day(record: &Record, name: &str) -> Option<Date> {
    match record.get(name) {
        Some(Field::Day(day)) => Some(*day),
        _ => None,
    }
}

impl State {
    /// A text attribute of the object that `name` points at.
    fn of_pointed(&self, record: &Record, name: &str, attribute: &str) -> Option<String> {
        match record.get(name) {
            Some(Field::Ref(kind, id)) => optional(self.find(*kind, *id)?, attribute),
            _ => None,
        }
    }

    fn view_address(&self, record: &Record) -> PostalAddress {
        PostalAddress {
            street1: owned(record, "street1"),
            street2: owned(record, "street2"),
            city: owned(record, "city"),
            state: owned(record, "state"),
            postal_code: owned(record, "postal-code"),
            country: self.of_pointed(record, "country", "code").unwrap_or_default(),
        }
    }

    pub(crate) fn view_supplier(&self, record: &Record) -> Supplier {
        let contact = record.part("primary-contact");
        let of_contact = |name: &str| contact.map(|contact| owned(contact, name)).unwrap_or_default();
        let remit_to = record.list("remit-to-addresses").iter().map(|address| RemitTo {
            id: address.id(),
            code: owned(address, "remit-to-code"),
            address: self.view_address(address),
        });
        Supplier {
            id: record.id(),
            number: owned(record, "number"),
            name: owned(record, "name"),
            status: owned(record, "status"),
            tax_id: optional(record, "tax-id"),
            payment_term: self.of_pointed(record, "payment-term", "code"),
            invoice_matching_level: optional(record, "invoice-matching-level"),
            contact: (of_contact("name-given"), of_contact("name-family"), of_contact("email")),
            address: record.part("primary-address").map(|part| self.view_address(part)).unwrap_or_default(),
            remit_to: remit_to.collect(),
        }
    }

    pub(crate) fn view_order(&self, record: &Record) -> Order {
        let lines = record.list("order-lines");
        let held: Vec<OrderLine> =
            lines.iter().filter(|line| !line.flag(DELETED)).map(|line| self.view_order_line(line)).collect();
        Order {
            id: record.id(),
            po_number: owned(record, "po-number"),
            status: owned(record, "status"),
            hard_closed: record.flag(HARD_CLOSED),
            version: record.integer("version").unwrap_or(1),
            supplier: self.of_pointed(record, "supplier", "number").unwrap_or_default(),
            currency: self.of_pointed(record, "currency", "code"),
            payment_term: self.of_pointed(record, "payment-term", "code"),
            ship_to_user: self.of_pointed(record, "ship-to-user", "login"),
            ship_to_address: self.of_pointed(record, "ship-to-address", "location-code"),
            deleted_lines: lines.len() - held.len(),
            total: held.iter().map(|line| line.total).sum(),
            lines: held,
        }
    }

    fn view_order_line(&self, line: &Record) -> OrderLine {
        OrderLine {
            id: line.id(),
            line_num: owned(line, "line-num"),
            line_type: owned(line, "type"),
            external_reference_number: optional(line, "external-reference-number"),
            description: owned(line, "description"),
            quantity: line.decimal("quantity"),
            price: amount(line, "price"),
            total: amount(line, "total"),
            unit: self.of_pointed(line, "uom", "code"),
            account: self.of_pointed(line, "account", "code"),
            match_type: optional(line, "match-type"),
            need_by: match line.get("need-by-date") {
                Some(Field::Moment(moment)) => Some(*moment),
                _ => None,
            },
            invoiced: amount(line, "invoiced"),
        }
    }

    pub(crate) fn view_invoice(&self, record: &Record) -> Invoice {
        let charges = record.list("invoice-charges").iter().map(|charge| Charge {
            charge_type: owned(charge, "type"),
            description: optional(charge, "description"),
            total: amount(charge, "total"),
            tax_lines: self.view_tax_lines(charge),
        });
        Invoice {
            id: record.id(),
            number: owned(record, "invoice-number"),
            status: owned(record, "status"),
            is_credit_note: record.flag("is-credit-note"),
            supplier: self.of_pointed(record, "supplier", "number").unwrap_or_default(),
            date: day(record, "invoice-date"),
            currency: self.of_pointed(record, "currency", "code"),
            payment_term: self.of_pointed(record, "payment-term", "code"),
            original_number: optional(record, "original-invoice-number"),
            original_date: day(record, "original-invoice-date"),
            internal_note: optional(record, "internal-note"),
            lines: record.list("invoice-lines").iter().map(|line| self.view_invoice_line(line)).collect(),
            charges: charges.collect(),
            total: amount(record, "total-with-taxes"),
            paid: record.flag("paid"),
            payments: record.list("payments").iter().map(view_payment).collect(),
        }
    }

    fn view_invoice_line(&self, line: &Record) -> InvoiceLine {
        InvoiceLine {
            id: line.id(),
            line_num: line.integer("line-num").unwrap_or_default(),
            line_type: owned(line, "type"),
            description: owned(line, "description"),
            quantity: line.decimal("quantity"),
            price: amount(line, "price"),
            total: amount(line, "total"),
            unit: self.of_pointed(line, "uom", "code"),
            account: self.of_pointed(line, "account", "code"),
            order_line_id: line.integer("order-line-id").and_then(|id| u64::try_from(id).ok()),
            po_number: optional(line, "po-number"),
            tax_lines: self.view_tax_lines(line),
        }
    }

    fn view_tax_lines(&self, part: &Record) -> Vec<TaxLine> {
        let lines = part.list("tax-lines").iter().map(|line| TaxLine {
            amount: amount(line, "amount"),
            rate: line.decimal("rate"),
            code: self.of_pointed(line, "tax-code", "code"),
        });
        lines.collect()
    }

    /// The first invoice of this number whose supplier has this number.
    pub(crate) fn invoice_of(&self, supplier: &str, number: &str) -> Option<&Record> {
        let supplier = self.indices.supplier_number.get(supplier)?;
        let ids = self.indices.invoice_number.get(number)?.iter();
        ids.filter_map(|id| self.find(Kind::InvoiceHeader, *id))
            .find(|invoice| invoice.reference("supplier") == Some(*supplier))
    }
}

fn view_payment(payment: &Record) -> Payment {
    Payment {
        id: payment.id(),
        amount: amount(payment, "amount-paid"),
        notes: owned(payment, "notes"),
        date: day(payment, "payment-date"),
    }
}
