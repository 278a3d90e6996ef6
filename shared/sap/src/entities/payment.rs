use super::literal::{YesNo, date_or_none, decimal, integer, integer_or_none, list, text};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

/// An outgoing payment: `VendorPayments`. It carries no update stamp and no total.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct Payment {
    #[serde(deserialize_with = "integer")]
    pub doc_entry: i64,
    #[serde(deserialize_with = "integer_or_none")]
    pub doc_num: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub doc_type: String,
    #[serde(deserialize_with = "date_or_none")]
    pub doc_date: Option<Date>,
    #[serde(deserialize_with = "text")]
    pub card_code: String,
    #[serde(deserialize_with = "text")]
    pub doc_currency: String,
    pub cancelled: YesNo,
    #[serde(deserialize_with = "list")]
    pub payment_invoices: Vec<PaymentInvoice>,
    /// Members named by the mapping file, as text.
    #[serde(skip)]
    pub extra: std::collections::BTreeMap<String, String>,
}

/// What a [`Payment`] applies to one document.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PaymentInvoice {
    /// Counts per `invoice_type`.
    #[serde(deserialize_with = "integer_or_none")]
    pub doc_entry: Option<i64>,
    /// `it_PurchaseInvoice` for an invoice; others are credit notes, down payments, journal entries.
    #[serde(deserialize_with = "text")]
    pub invoice_type: String,
    /// Local currency.
    #[serde(deserialize_with = "decimal")]
    pub sum_applied: Decimal,
    /// The invoice's currency; 0 where that is the local one.
    #[serde(rename = "AppliedFC", deserialize_with = "decimal")]
    pub applied_fc: Decimal,
}

impl PaymentInvoice {
    /// The row pays a purchase invoice.
    pub fn is_invoice(&self) -> bool {
        matches!(self.invoice_type.as_str(), "it_PurchaseInvoice" | "18")
    }
}
