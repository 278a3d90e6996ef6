use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// Coupa's internal id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CoupaId(pub u64);

impl fmt::Display for CoupaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// `{company}/{DocEntry}/{LineNum}`, or a name in place of `LineNum` for a line of our own making.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineId(pub String);

/// The fields last sent to Coupa, as they were sent: the next push is the difference to them.
pub type Sent = serde_json::Map<String, Value>;

/// What a document of SAP is in Coupa.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// A supplier.
    Supplier(SupplierLink),
    /// A purchase order.
    Order(OrderLink),
    /// An invoice or a credit note.
    Invoice(InvoiceLink),
    /// A payment, which in Coupa is only rows on invoices.
    Payment(PaymentLink),
}

/// A supplier in Coupa.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierLink {
    /// Coupa's id.
    pub coupa_id: CoupaId,
    /// The fields last sent.
    pub sent: Sent,
    /// What both sides showed of each field when they last agreed. Empty where suppliers go one way only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agreed: BTreeMap<String, Agreed>,
    /// The code that SAP named when the business partner was posted; empty where it named none. Such a partner may still
    /// be a draft, and is not posted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted: Option<String>,
}

impl SupplierLink {
    /// A link to a supplier of which nothing is known yet.
    pub fn new(coupa_id: CoupaId) -> Self {
        Self { coupa_id, sent: Sent::new(), agreed: BTreeMap::new(), posted: None }
    }
}

/// One field as each side showed it when they last agreed. The two may be spelled differently, so each is compared with its
/// own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// In SAP.
    pub sap: Value,
    /// In Coupa.
    pub coupa: Value,
}

/// Where a purchase order stands in Coupa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// Created, not issued.
    Draft,
    /// Issued.
    Issued,
    /// Soft-closed. A second close would hard-close it.
    Closed,
    /// Cancelled.
    Cancelled,
}

/// A purchase order in Coupa.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLink {
    /// Coupa's id.
    pub coupa_id: CoupaId,
    /// Its po-number.
    pub po_number: String,
    /// Where it stands.
    pub stage: OrderStage,
    /// Coupa's version when last seen; an update carries it.
    pub version: u64,
    /// Coupa's id of each line.
    pub lines: BTreeMap<LineId, CoupaId>,
    /// The fields last sent, lines and all.
    pub sent: Sent,
}

/// Where an invoice or credit note stands in Coupa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStage {
    /// Created, not submitted.
    Draft,
    /// Submitted: its content is fixed from here on.
    Submitted,
    /// Voided or abandoned.
    Void,
}

/// An invoice or credit note in Coupa.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLink {
    /// Coupa's id.
    pub coupa_id: CoupaId,
    /// Its invoice-number.
    pub number: String,
    /// Where it stands.
    pub stage: InvoiceStage,
    /// `paid` as last sent; `None` while no payment of ours stands on it.
    pub paid: Option<bool>,
    /// The fields last sent, lines and all.
    pub sent: Sent,
}

/// What of a payment has arrived on which invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentLink {
    /// By the invoice's `DocEntry`.
    pub applied: BTreeMap<i64, AppliedPayment>,
}

/// One payment on one invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPayment {
    /// The invoice in Coupa.
    pub invoice: CoupaId,
    /// In the invoice's currency.
    pub amount: Decimal,
    /// It was taken back by a negative one.
    pub reversed: bool,
}
