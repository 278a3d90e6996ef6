use super::{Account, Coded, Named, Record, SupplierRef};
use crate::{Resource, decode};
use jiff::civil::Date;
use model::CoupaId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An invoice or credit note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Invoice {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number, unique for each supplier.
    #[serde(default, alias = "invoice_number", deserialize_with = "decode::text")]
    pub invoice_number: Option<String>,
    /// Its date.
    #[serde(default, alias = "invoice_date", deserialize_with = "decode::date")]
    pub invoice_date: Option<Date>,
    /// `draft`, `pending_approval`, `approved`, `voided` and others.
    #[serde(default, deserialize_with = "decode::text")]
    pub status: Option<String>,
    /// Whether it is a credit note.
    #[serde(default, alias = "is_credit_note", deserialize_with = "decode::flag")]
    pub is_credit_note: Option<bool>,
    /// Whether it counts as paid.
    #[serde(default, deserialize_with = "decode::flag")]
    pub paid: Option<bool>,
    /// Carries our mark, where we made it.
    #[serde(default, alias = "internal_note", deserialize_with = "decode::text")]
    pub internal_note: Option<String>,
    /// Whose.
    #[serde(default, deserialize_with = "decode::object")]
    pub supplier: Option<SupplierRef>,
    /// Currency.
    #[serde(default, deserialize_with = "decode::object")]
    pub currency: Option<Coded>,
    /// Payment term.
    #[serde(default, alias = "payment_term", deserialize_with = "decode::object")]
    pub payment_term: Option<Coded>,
    /// Chart of accounts.
    #[serde(default, alias = "account_type", deserialize_with = "decode::object")]
    pub account_type: Option<Named>,
    /// What Coupa computed.
    #[serde(default, alias = "total_with_taxes", deserialize_with = "decode::decimal")]
    pub total_with_taxes: Option<Decimal>,
    /// What was sent to be checked against it.
    #[serde(default, alias = "gross_total", deserialize_with = "decode::decimal")]
    pub gross_total: Option<Decimal>,
    /// Lines.
    #[serde(default, alias = "invoice_lines", deserialize_with = "decode::list")]
    pub invoice_lines: Vec<InvoiceLine>,
    /// Additional expenses.
    #[serde(default, alias = "invoice_charges", deserialize_with = "decode::list")]
    pub invoice_charges: Vec<InvoiceCharge>,
    /// Payments, in the order they were added.
    #[serde(default, deserialize_with = "decode::list")]
    pub payments: Vec<InvoicePayment>,
}

impl Record for Invoice {
    const RESOURCE: Resource = Resource::Invoices;
    const FIELDS: &'static str = concat!(
        r#"["id","invoice_number","invoice_date","status","is_credit_note","paid","internal_note","#,
        r#""total_with_taxes","gross_total",{"supplier":["id","number"]},{"currency":["code"]},"#,
        r#"{"payment_term":["code"]},{"account_type":["name"]},{"invoice_lines":["id","line_num","order_line_id","price","quantity","total","#,
        r#"{"uom":["code"]},{"account":["code"]},{"tax_lines":[{"tax_code":["code"]}]}]},"#,
        r#"{"invoice_charges":["id","line_num",{"tax_lines":[{"tax_code":["code"]}]}]},"#,
        r#"{"payments":["id","amount_paid","notes","payment_date"]}]"#
    );

    fn id(&self) -> CoupaId {
        self.id
    }
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InvoiceLine {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number, as text.
    #[serde(default, alias = "line_num", deserialize_with = "decode::text")]
    pub line_num: Option<String>,
    /// The order line that it draws on.
    #[serde(default, alias = "order_line_id", deserialize_with = "decode::id_or_none")]
    pub order_line_id: Option<CoupaId>,
    /// Unit price, or the amount of an amount line.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub price: Option<Decimal>,
    /// None on an amount line.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub quantity: Option<Decimal>,
    /// Price times quantity.
    #[serde(default, deserialize_with = "decode::decimal")]
    pub total: Option<Decimal>,
    /// Unit.
    #[serde(default, deserialize_with = "decode::object")]
    pub uom: Option<Coded>,
    /// Account.
    #[serde(default, deserialize_with = "decode::object")]
    pub account: Option<Account>,
    /// Its taxes.
    #[serde(default, alias = "tax_lines", deserialize_with = "decode::list")]
    pub tax_lines: Vec<TaxLine>,
}

/// A charge on an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InvoiceCharge {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Its number, as text.
    #[serde(default, alias = "line_num", deserialize_with = "decode::text")]
    pub line_num: Option<String>,
    /// Its taxes.
    #[serde(default, alias = "tax_lines", deserialize_with = "decode::list")]
    pub tax_lines: Vec<TaxLine>,
}

/// One tax of a line or charge: read only to see whether Coupa knew its code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TaxLine {
    /// Its code.
    #[serde(default, alias = "tax_code", deserialize_with = "decode::object")]
    pub tax_code: Option<Coded>,
}

/// A payment on an invoice. Coupa only ever appends them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InvoicePayment {
    /// Coupa's id.
    #[serde(deserialize_with = "decode::id")]
    pub id: CoupaId,
    /// Negative takes an earlier one back.
    #[serde(default, alias = "amount_paid", deserialize_with = "decode::decimal")]
    pub amount_paid: Option<Decimal>,
    /// Carries the identity of the payment in SAP.
    #[serde(default, deserialize_with = "decode::text")]
    pub notes: Option<String>,
    /// The date as Coupa wrote it, in the zone of the instance.
    #[serde(default, alias = "payment_date", deserialize_with = "decode::date")]
    pub payment_date: Option<Date>,
}
