//! What the instance holds, in types that a test can compare.

use super::record::{DELETED, Field, HARD_CLOSED, Record};
use super::schema::Kind;
use super::state::State;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

/// A supplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplier {
    /// Coupa's id.
    pub id: u64,
    /// `number`.
    pub number: String,
    /// `name`.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `tax-id`.
    pub tax_id: Option<String>,
    /// The code of its payment term.
    pub payment_term: Option<String>,
    /// `invoice-matching-level`.
    pub invoice_matching_level: Option<String>,
    /// Given name, family name and e-mail of the primary contact.
    pub contact: (String, String, String),
    /// `primary-address`.
    pub address: PostalAddress,
    /// `remit-to-addresses`.
    pub remit_to: Vec<RemitTo>,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostalAddress {
    /// `street1`.
    pub street1: String,
    /// `street2`.
    pub street2: String,
    /// `city`.
    pub city: String,
    /// `state`.
    pub state: String,
    /// `postal-code`.
    pub postal_code: String,
    /// The country's code.
    pub country: String,
}

/// An address that is paid to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemitTo {
    /// Coupa's id.
    pub id: u64,
    /// `remit-to-code`.
    pub code: String,
    /// Where it is.
    pub address: PostalAddress,
}

/// A purchase order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Coupa's id.
    pub id: u64,
    /// `po-number`.
    pub po_number: String,
    /// `status`.
    pub status: String,
    /// Whether it was closed for good by a second close.
    pub hard_closed: bool,
    /// `version`.
    pub version: i64,
    /// The supplier's number.
    pub supplier: String,
    /// The currency's code.
    pub currency: Option<String>,
    /// The payment term's code.
    pub payment_term: Option<String>,
    /// The login of the ship-to user.
    pub ship_to_user: Option<String>,
    /// The location code of the ship-to address.
    pub ship_to_address: Option<String>,
    /// The lines that are not deleted.
    pub lines: Vec<OrderLine>,
    /// How many lines were deleted.
    pub deleted_lines: usize,
    /// The sum of the lines' totals.
    pub total: Decimal,
}

/// A line of a purchase order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Coupa's id.
    pub id: u64,
    /// `line-num`.
    pub line_num: String,
    /// `type`.
    pub line_type: String,
    /// `external-reference-number`.
    pub external_reference_number: Option<String>,
    /// `description`.
    pub description: String,
    /// `quantity`.
    pub quantity: Option<Decimal>,
    /// `price`.
    pub price: Decimal,
    /// `total`.
    pub total: Decimal,
    /// The unit's code.
    pub unit: Option<String>,
    /// The account's code.
    pub account: Option<String>,
    /// `match-type`.
    pub match_type: Option<String>,
    /// `need-by-date`.
    pub need_by: Option<Timestamp>,
    /// What invoices have billed of it.
    pub invoiced: Decimal,
}

/// An invoice or a credit note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Coupa's id.
    pub id: u64,
    /// `invoice-number`.
    pub number: String,
    /// `status`.
    pub status: String,
    /// Whether it is a credit note.
    pub is_credit_note: bool,
    /// The supplier's number.
    pub supplier: String,
    /// `invoice-date`.
    pub date: Option<Date>,
    /// The currency's code.
    pub currency: Option<String>,
    /// The payment term's code.
    pub payment_term: Option<String>,
    /// `original-invoice-number`.
    pub original_number: Option<String>,
    /// `original-invoice-date`.
    pub original_date: Option<Date>,
    /// `internal-note`.
    pub internal_note: Option<String>,
    /// The lines.
    pub lines: Vec<InvoiceLine>,
    /// The charges.
    pub charges: Vec<Charge>,
    /// What it comes to with tax.
    pub total: Decimal,
    /// `paid`.
    pub paid: bool,
    /// `payments`.
    pub payments: Vec<Payment>,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Coupa's id.
    pub id: u64,
    /// `line-num`.
    pub line_num: i64,
    /// `type`.
    pub line_type: String,
    /// `description`.
    pub description: String,
    /// `quantity`.
    pub quantity: Option<Decimal>,
    /// `price`.
    pub price: Decimal,
    /// `total`.
    pub total: Decimal,
    /// The unit's code.
    pub unit: Option<String>,
    /// The account's code.
    pub account: Option<String>,
    /// The id of the order line that it bills.
    pub order_line_id: Option<u64>,
    /// The number of that order.
    pub po_number: Option<String>,
    /// Its tax.
    pub tax_lines: Vec<TaxLine>,
}

/// A tax line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// `amount`.
    pub amount: Decimal,
    /// `rate`.
    pub rate: Option<Decimal>,
    /// The tax code's code.
    pub code: Option<String>,
}

/// A charge of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// `type`.
    pub charge_type: String,
    /// `description`.
    pub description: Option<String>,
    /// `total`.
    pub total: Decimal,
    /// Its tax.
    pub tax_lines: Vec<TaxLine>,
}

/// A payment on an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Coupa's id.
    pub id: u64,
    /// `amount-paid`.
    pub amount: Decimal,
    /// `notes`.
    pub notes: String,
    /// `payment-date`.
    pub date: Option<Date>,
}

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
