//! What the instance holds, in types that a test can compare.

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
