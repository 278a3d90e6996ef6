use super::literal::{
    YesNo, date_or_none, decimal, decimal_or_none, integer, integer_or_none, list, text, time_or_none,
    unset_or,
};
use jiff::civil::{Date, Time};
use model::Stamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// `BoStatus`, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum RowStatus {
    /// Something is left to deliver, invoice or pay.
    #[default]
    #[serde(rename = "bost_Open", alias = "O")]
    Open,
    /// Nothing is.
    #[serde(
        rename = "bost_Close",
        alias = "C",
        alias = "bost_Paid",
        alias = "P",
        alias = "bost_Delivered",
        alias = "D"
    )]
    Closed,
}

/// `CancelStatusEnum`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum CancelStatus {
    #[default]
    #[serde(rename = "csNo", alias = "N")]
    No,
    #[serde(rename = "csYes", alias = "Y")]
    Yes,
    #[serde(rename = "csCancellation", alias = "C")]
    Cancellation,
}

/// A purchase order, invoice, credit note or goods receipt: `PurchaseOrders`, `PurchaseInvoices`,
/// `PurchaseCreditNotes` and `PurchaseDeliveryNotes` share one entity type. Amounts without `_fc` are in the
/// company's local currency; those with it are in the document's, and 0 where that is the local one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct Document {
    #[serde(deserialize_with = "integer")]
    pub doc_entry: i64,
    #[serde(deserialize_with = "integer_or_none")]
    pub doc_num: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub doc_type: String,
    #[serde(deserialize_with = "date_or_none")]
    pub doc_date: Option<Date>,
    #[serde(deserialize_with = "date_or_none")]
    pub doc_due_date: Option<Date>,
    #[serde(deserialize_with = "date_or_none")]
    pub tax_date: Option<Date>,
    #[serde(deserialize_with = "text")]
    pub card_code: String,
    #[serde(deserialize_with = "text")]
    pub card_name: String,
    #[serde(deserialize_with = "text")]
    pub num_at_card: String,
    #[serde(deserialize_with = "text")]
    pub doc_currency: String,
    #[serde(deserialize_with = "decimal")]
    pub doc_total: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub doc_total_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub vat_sum: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub vat_sum_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub total_discount: Decimal,
    #[serde(rename = "TotalDiscountFC", deserialize_with = "decimal")]
    pub total_discount_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub rounding_diff_amount: Decimal,
    #[serde(rename = "RoundingDiffAmountFC", deserialize_with = "decimal")]
    pub rounding_diff_amount_fc: Decimal,
    #[serde(rename = "WTAmount", deserialize_with = "decimal")]
    pub wt_amount: Decimal,
    #[serde(rename = "WTAmountFC", deserialize_with = "decimal")]
    pub wt_amount_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub down_payment_amount: Decimal,
    #[serde(rename = "DownPaymentAmountFC", deserialize_with = "decimal")]
    pub down_payment_amount_fc: Decimal,
    #[serde(deserialize_with = "integer_or_none")]
    pub payment_group_code: Option<i64>,
    #[serde(deserialize_with = "integer_or_none")]
    pub series: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub comments: String,
    #[serde(deserialize_with = "unset_or")]
    pub document_status: RowStatus,
    cancelled: YesNo,
    #[serde(deserialize_with = "unset_or")]
    cancel_status: CancelStatus,
    #[serde(deserialize_with = "date_or_none")]
    update_date: Option<Date>,
    #[serde(deserialize_with = "time_or_none")]
    update_time: Option<Time>,
    #[serde(deserialize_with = "list")]
    pub document_lines: Vec<DocumentLine>,
    #[serde(deserialize_with = "list")]
    pub document_additional_expenses: Vec<AdditionalExpense>,
    /// Members named by the mapping file (number templates, custom fields), as text.
    #[serde(skip)]
    pub extra: std::collections::BTreeMap<String, String>,
}

impl Document {
    /// When SAP last stamped it.
    pub fn stamp(&self) -> Option<Stamp> {
        let date = self.update_date?;
        Some(Stamp { date, time: self.update_time.unwrap_or_default() })
    }

    /// It stands only for the cancellation of another document, which its lines name as their base.
    pub fn is_cancellation(&self) -> bool {
        self.cancel_status == CancelStatus::Cancellation
    }

    /// It was cancelled. What `Cancelled` shows on the cancellation document itself is uncertain, so that one counts
    /// as neither.
    pub fn is_cancelled(&self) -> bool {
        !self.is_cancellation() && (self.cancel_status == CancelStatus::Yes || self.cancelled == YesNo::Yes)
    }

    /// A service document: its lines are amounts, without items and quantities.
    pub fn is_service(&self) -> bool {
        matches!(self.doc_type.as_str(), "dDocument_Service" | "S")
    }
}

/// A row of a [`Document`]. Of some 240 members these are read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct DocumentLine {
    #[serde(deserialize_with = "integer")]
    pub line_num: i64,
    #[serde(deserialize_with = "integer_or_none")]
    pub visual_order: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub item_code: String,
    #[serde(deserialize_with = "text")]
    pub item_description: String,
    #[serde(deserialize_with = "decimal")]
    pub quantity: Decimal,
    /// Per unit, after the row's discount, in `currency`.
    #[serde(deserialize_with = "decimal")]
    pub price: Decimal,
    #[serde(deserialize_with = "text")]
    pub currency: String,
    /// Net, local currency.
    #[serde(deserialize_with = "decimal")]
    pub line_total: Decimal,
    /// Net, the document's currency.
    #[serde(rename = "RowTotalFC", deserialize_with = "decimal")]
    pub row_total_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub tax_total: Decimal,
    #[serde(deserialize_with = "decimal_or_none")]
    pub net_tax_amount: Option<Decimal>,
    #[serde(rename = "NetTaxAmountFC", deserialize_with = "decimal")]
    pub net_tax_amount_fc: Decimal,
    #[serde(deserialize_with = "text")]
    pub tax_code: String,
    #[serde(deserialize_with = "text")]
    pub vat_group: String,
    #[serde(deserialize_with = "decimal_or_none")]
    pub tax_percentage_per_row: Option<Decimal>,
    #[serde(deserialize_with = "text")]
    pub account_code: String,
    #[serde(deserialize_with = "text")]
    pub costing_code: String,
    #[serde(deserialize_with = "text")]
    pub costing_code2: String,
    #[serde(deserialize_with = "text")]
    pub costing_code3: String,
    #[serde(deserialize_with = "text")]
    pub costing_code4: String,
    #[serde(deserialize_with = "text")]
    pub costing_code5: String,
    #[serde(deserialize_with = "text")]
    pub project_code: String,
    #[serde(deserialize_with = "text")]
    pub warehouse_code: String,
    #[serde(deserialize_with = "text")]
    pub measure_unit: String,
    #[serde(rename = "UoMCode", deserialize_with = "text")]
    pub uom_code: String,
    #[serde(deserialize_with = "date_or_none")]
    pub ship_date: Option<Date>,
    #[serde(deserialize_with = "text")]
    pub supplier_cat_num: String,
    /// Object type of the base document: 22 order, 20 goods receipt, 18 invoice; -1 none.
    #[serde(deserialize_with = "integer_or_none")]
    pub base_type: Option<i64>,
    #[serde(deserialize_with = "integer_or_none")]
    pub base_entry: Option<i64>,
    #[serde(deserialize_with = "integer_or_none")]
    pub base_line: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub line_type: String,
    #[serde(deserialize_with = "unset_or")]
    pub line_status: RowStatus,
}

/// Freight and the like on a [`Document`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are SAP's own, explained in its API reference")]
pub struct AdditionalExpense {
    #[serde(deserialize_with = "integer_or_none")]
    pub line_num: Option<i64>,
    #[serde(deserialize_with = "integer_or_none")]
    pub expense_code: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub remarks: String,
    #[serde(deserialize_with = "decimal")]
    pub line_total: Decimal,
    #[serde(rename = "LineTotalFC", deserialize_with = "decimal")]
    pub line_total_fc: Decimal,
    #[serde(deserialize_with = "decimal")]
    pub tax_sum: Decimal,
    #[serde(rename = "TaxSumFC", deserialize_with = "decimal")]
    pub tax_sum_fc: Decimal,
    #[serde(deserialize_with = "text")]
    pub tax_code: String,
    #[serde(deserialize_with = "text")]
    pub vat_group: String,
    #[serde(deserialize_with = "decimal_or_none")]
    pub tax_percent: Option<Decimal>,
}
