use super::document::{Amounts, DocumentKind};
use super::line::text_or_null;
use crate::sap::layout::{Getter, entity};
use crate::sap::value::{Entity, Field, Record, Value};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// An outgoing payment: `VendorPayments`.
#[derive(Clone, Debug)]
pub struct Payment {
    /// `DocEntry`
    pub entry: i64,
    /// `DocNum`
    pub number: i64,
    /// Posting date.
    pub date: Date,
    /// The supplier's code.
    pub card_code: String,
    /// The supplier's name.
    pub card_name: String,
    /// ISO code.
    pub currency: String,
    /// Local currency for one unit of it; 0 for the local one.
    pub rate: Decimal,
    /// Paid by bank transfer, local currency.
    pub transfer: Decimal,
    /// What the bank shows.
    pub transfer_reference: String,
    /// Numbering series.
    pub series: i32,
    /// It was taken back.
    pub cancelled: bool,
    /// `Remarks`
    pub remarks: String,
    /// What it pays.
    pub rows: Vec<PaymentRow>,
    /// Any other member, and members that tests make wrong; comes before the struct's own.
    pub extra: Option<Box<Record>>,
}

impl Payment {
    /// Sets any member by its name in the metadata; answers whether there is one.
    pub fn set(&mut self, name: &str, field: Field) -> bool {
        self.extra.get_or_insert_with(|| Box::new(Record::new("Payment"))).set(name, field)
    }
}

/// A row of `PaymentInvoices`.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// `LineNum`
    pub number: i64,
    /// What kind of document is paid.
    pub kind: DocumentKind,
    /// Its `DocEntry`.
    pub document: i64,
    /// Its `DocNum`.
    pub document_number: i64,
    /// How much of it; negative for a credit note.
    pub applied: Amounts,
    /// Its rate; 0 in local currency.
    pub rate: Decimal,
    /// Any other member.
    pub extra: Option<Box<Record>>,
}

static PAYMENT: &[(&str, Getter<Payment>)] = &[
    ("DocEntry", |payment| Value::Int(payment.entry)),
    ("DocNum", |payment| Value::Int(payment.number)),
    ("DocType", |_| Value::Name("rSupplier")),
    ("DocTypte", |_| Value::Name("rSupplier")),
    ("HandWritten", |_| Value::Name("tNO")),
    ("Printed", |_| Value::Name("tNO")),
    ("DocDate", |payment| Value::Date(payment.date)),
    ("DueDate", |payment| Value::Date(payment.date)),
    ("TaxDate", |payment| Value::Date(payment.date)),
    ("CardCode", |payment| Value::Text(&payment.card_code)),
    ("CardName", |payment| text_or_null(&payment.card_name)),
    ("DocCurrency", |payment| Value::Text(&payment.currency)),
    ("DocRate", |payment| Value::Amount(payment.rate)),
    ("CashSum", |_| Value::Amount(Decimal::ZERO)),
    ("TransferAccount", |_| Value::Text("161000")),
    ("TransferSum", |payment| Value::Amount(payment.transfer)),
    ("TransferDate", |payment| Value::Date(payment.date)),
    ("TransferReference", |payment| text_or_null(&payment.transfer_reference)),
    ("BillOfExchangeAmount", |_| Value::Amount(Decimal::ZERO)),
    ("BankChargeAmount", |_| Value::Amount(Decimal::ZERO)),
    ("JournalRemarks", |_| Value::Text("Outgoing Payments")),
    ("Remarks", |payment| text_or_null(&payment.remarks)),
    ("Series", |payment| Value::Int(payment.series.into())),
    ("DocObjectCode", |_| Value::Name("bopot_OutgoingPayments")),
    ("Cancelled", |payment| Value::Name(if payment.cancelled { "tYES" } else { "tNO" })),
    ("CancelStatus", |payment| Value::Name(if payment.cancelled { "csYes" } else { "csNo" })),
    ("AuthorizationStatus", |_| Value::Name("pasWithout")),
    ("PaymentInvoices", |payment| Value::Rows(payment.rows.iter().map(|row| row as &dyn Entity).collect())),
];

static ROW: &[(&str, Getter<PaymentRow>)] = &[
    ("LineNum", |row| Value::Int(row.number)),
    ("DocEntry", |row| Value::Int(row.document)),
    ("DocNum", |row| Value::Int(row.document_number)),
    ("DocLine", |_| Value::Int(0)),
    ("InvoiceType", |row| {
        Value::Name(match row.kind {
            DocumentKind::CreditNote => "it_PurchaseCreditNote",
            _ => "it_PurchaseInvoice",
        })
    }),
    ("SumApplied", |row| Value::Amount(row.applied.local)),
    ("AppliedFC", |row| Value::Amount(row.applied.foreign)),
    ("AppliedSys", |row| Value::Amount(row.applied.local)),
    ("DocRate", |row| Value::Amount(row.rate)),
    ("DiscountPercent", |_| Value::Amount(Decimal::ZERO)),
    ("PaidSum", |_| Value::Amount(Decimal::ZERO)),
    ("InstallmentId", |_| Value::Int(1)),
    ("TotalDiscount", |_| Value::Amount(Decimal::ZERO)),
];

entity!(Payment, PAYMENT_LAYOUT, "Payment", PAYMENT);
entity!(PaymentRow, ROW_LAYOUT, "PaymentInvoice", ROW);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::SCHEMA;

    #[test]
    fn the_metadata_knows_all_members() {
        for (name, _) in PAYMENT {
            assert!(SCHEMA.entity_type("Payment").index(name).is_some(), "{name}");
        }
        for (name, _) in ROW {
            assert!(SCHEMA.entity_type("PaymentInvoice").index(name).is_some(), "{name}");
        }
    }
}
