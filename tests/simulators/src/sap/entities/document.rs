use super::line::Line;
use crate::sap::value::{Field, Record};
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;

/// The documents that share the entity type `Document`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// `PurchaseOrders`
    Order,
    /// `PurchaseDeliveryNotes`: a goods receipt.
    Receipt,
    /// `PurchaseInvoices`
    Invoice,
    /// `PurchaseCreditNotes`
    CreditNote,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Order, Self::Receipt, Self::Invoice, Self::CreditNote];

    /// SAP's number for this kind, as a line's `BaseType` names it.
    pub fn object_type(self) -> i64 {
        match self {
            Self::Order => 22,
            Self::Receipt => 20,
            Self::Invoice => 18,
            Self::CreditNote => 19,
        }
    }

    /// The kind that SAP's number means.
    pub fn of_object_type(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.object_type() == number)
    }

    /// The name of the entity set.
    pub fn entity_set(self) -> &'static str {
        match self {
            Self::Order => "PurchaseOrders",
            Self::Receipt => "PurchaseDeliveryNotes",
            Self::Invoice => "PurchaseInvoices",
            Self::CreditNote => "PurchaseCreditNotes",
        }
    }

    pub(crate) fn object_code(self) -> &'static str {
        match self {
            Self::Order => "oPurchaseOrders",
            Self::Receipt => "oPurchaseDeliveryNotes",
            Self::Invoice => "oPurchaseInvoices",
            Self::CreditNote => "oPurchaseCreditNotes",
        }
    }

    /// Its lines are paid for, so it has a balance and a journal entry.
    pub(crate) fn has_balance(self) -> bool {
        matches!(self, Self::Invoice | Self::CreditNote)
    }
}

/// An amount in the company's currency and in the document's; the latter is 0 where both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Local currency.
    pub local: Decimal,
    /// The document's currency, unless that is the local one.
    pub foreign: Decimal,
}

impl Amounts {
    /// The amount in the document's own currency.
    pub fn in_document(self, is_foreign: bool) -> Decimal {
        if is_foreign { self.foreign } else { self.local }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { local: self.local + other.local, foreign: self.foreign + other.foreign }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { local: self.local - other.local, foreign: self.foreign - other.foreign }
    }
}

/// Both members that tell whether a document was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancelStatus {
    /// It stands.
    #[default]
    No,
    /// It was cancelled.
    Yes,
    /// It cancels another.
    Cancellation,
}

/// A purchase order, goods receipt, invoice or credit note.
#[derive(Clone, Debug)]
pub struct Document {
    /// `DocEntry`
    pub entry: i64,
    /// `DocNum`
    pub number: i64,
    /// Which of the four it is.
    pub kind: DocumentKind,
    /// Its lines are amounts, without items.
    pub service: bool,
    /// Posting date.
    pub date: Date,
    /// Due date; the delivery date of an order.
    pub due_date: Date,
    /// The date on the supplier's paper.
    pub tax_date: Date,
    /// `DocTime`
    pub time: Time,
    /// The supplier's code.
    pub card_code: String,
    /// The supplier's name when the document was entered.
    pub card_name: String,
    /// The supplier's tax number when the document was entered.
    pub federal_tax_id: String,
    /// `NumAtCard`: the supplier's own number.
    pub reference: String,
    /// `Comments`
    pub comments: String,
    /// ISO code.
    pub currency: String,
    /// Whether that is another than the company's.
    pub is_foreign: bool,
    /// Local currency for one unit of the document's.
    pub rate: Decimal,
    /// Percent off all lines.
    pub discount_percent: Decimal,
    /// `GroupNum`
    pub payment_terms: i32,
    /// Numbering series.
    pub series: i32,
    /// Nothing is left to deliver, invoice or pay.
    pub closed: bool,
    /// Whether it stands, was cancelled or cancels another.
    pub cancel: CancelStatus,
    /// When it was cancelled.
    pub cancel_date: Option<Date>,
    /// `CreationDate`
    pub created: Date,
    /// `UpdateDate` and `UpdateTime`
    pub updated: Option<DateTime>,
    /// Counts its changes.
    pub data_version: i64,
    /// Number of the journal entry.
    pub journal_entry: Option<i64>,
    /// Tax-inclusive total.
    pub total: Amounts,
    /// Tax of all lines and expenses.
    pub tax: Amounts,
    /// The header discount.
    pub discount: Amounts,
    /// Rounding difference, part of the total.
    pub rounding: Amounts,
    /// Down payments drawn, taken off the total.
    pub down_payment: Amounts,
    /// What has been paid or credited of it.
    pub paid: Amounts,
    /// Tax withheld, taken off the total.
    pub withholding: Option<Withholding>,
    /// The rows.
    pub lines: Vec<Line>,
    /// Freight and the like.
    pub expenses: Vec<Expense>,
    /// Any other member, and members that tests make wrong; comes before the struct's own.
    pub extra: Option<Box<Record>>,
}

impl Document {
    /// Sets any member by its name in the metadata; answers whether there is one.
    pub fn set(&mut self, name: &str, field: Field) -> bool {
        self.extra.get_or_insert_with(|| Box::new(Record::new("Document"))).set(name, field)
    }

    /// An amount in the document's currency; what it is in the company's is worked out with the totals.
    pub(crate) fn in_its_currency(&self, amount: Decimal) -> Amounts {
        if self.is_foreign {
            Amounts { local: Decimal::ZERO, foreign: amount }
        } else {
            Amounts { local: amount, foreign: Decimal::ZERO }
        }
    }

    /// What is left to pay.
    pub fn balance(&self) -> Amounts {
        self.total.minus(self.paid)
    }
}

/// Tax that the company withholds from the supplier.
#[derive(Clone, Debug, Default)]
pub struct Withholding {
    /// `WTCode`
    pub code: String,
    /// Percent.
    pub rate: Decimal,
    /// What it is reckoned on.
    pub taxable: Amounts,
    /// What is withheld.
    pub amount: Amounts,
    pub(crate) extra: Option<Box<Record>>,
}

/// A row of `DocumentAdditionalExpenses`.
#[derive(Clone, Debug, Default)]
pub struct Expense {
    /// `LineNum`
    pub line_number: i64,
    /// What kind of expense.
    pub code: i64,
    /// `Remarks`
    pub remarks: String,
    /// Net.
    pub net: Amounts,
    /// Its tax group.
    pub vat_group: String,
    /// Percent.
    pub tax_rate: Decimal,
    /// Tax.
    pub tax: Amounts,
    /// Any other member.
    pub extra: Option<Box<Record>>,
}
