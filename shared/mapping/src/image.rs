use jiff::civil::Date;
use model::{LineId, Sent};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What Coupa must show of a supplier.
#[derive(Clone, Debug, PartialEq)]
pub struct SupplierImage {
    /// `CardCode`, exactly.
    pub number: String,
    /// `CardName`, cut to Coupa's limit.
    pub name: String,
    /// Kept in step with SAP, number and name among them.
    pub fields: Sent,
    /// Sent once, with the creation, on top of `fields`: from then on these are Coupa's own.
    pub at_creation: Sent,
}

/// Where a purchase order stands in SAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Something is left to receive or invoice.
    Open,
    /// Nothing is.
    Closed,
    /// It was cancelled.
    Cancelled,
}

/// What Coupa must show of a purchase order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderImage {
    /// From the template.
    pub po_number: String,
    /// `CardCode`.
    pub supplier: String,
    /// Everything but the lines and the version.
    pub header: Sent,
    /// In visual order; a line for a difference comes last.
    pub lines: Vec<LineImage>,
    /// Where it stands.
    pub state: OrderState,
}

/// What Coupa must show of one line of an order, invoice or credit note.
#[derive(Clone, Debug, PartialEq)]
pub struct LineImage {
    /// Whose image it is.
    pub id: LineId,
    /// Its fields but for `id` and `line-num`, which depend on what Coupa already has.
    pub body: Sent,
    /// The order line that an invoice line draws on.
    pub draws_on: Option<OrderLineRef>,
}

/// A line of a purchase order in SAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderLineRef {
    /// The order's `DocEntry`.
    pub order: i64,
    /// `LineNum`.
    pub line: i64,
}

/// What Coupa must show of an invoice or credit note.
#[derive(Clone, Debug, PartialEq)]
pub struct InvoiceImage {
    /// From the template.
    pub number: String,
    /// `TaxDate`.
    pub date: Date,
    /// `CardCode`.
    pub supplier: String,
    /// Everything but lines and charges.
    pub header: Sent,
    /// In visual order; lines for differences come last.
    pub lines: Vec<LineImage>,
    /// Additional expenses, then differences that go over as charges.
    pub charges: Vec<Sent>,
    /// The document's total as Coupa computes it from lines, charges and tax; negative for a credit note.
    pub total: Decimal,
    /// The first words of its internal-note, by which we know it as ours.
    pub mark: String,
    /// It was cancelled in SAP.
    pub cancelled: bool,
    /// Nothing is left open in SAP.
    pub closed: bool,
}

/// What Coupa must show of an outgoing payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentImage {
    /// The payment's identity in Coupa.
    pub notes: String,
    /// The identity of what takes it back.
    pub reversal_notes: String,
    /// `DocDate`.
    pub date: Date,
    /// It was cancelled in SAP.
    pub cancelled: bool,
    /// What it applies to each invoice, by the invoice's `DocEntry`, in the invoice's currency.
    pub on_invoices: BTreeMap<i64, Decimal>,
    /// Rows on credit notes, journal entries and down payments, which have no place in Coupa.
    pub not_applicable_rows: usize,
}
