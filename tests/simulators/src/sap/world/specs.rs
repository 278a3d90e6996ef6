use super::super::entities::{Base, DocumentKind};
use super::super::value::Field;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// A supplier to add.
#[derive(Clone, Debug)]
pub struct SupplierSpec {
    /// `CardCode`; counted up from V10001 when empty.
    pub code: String,
    /// `CardName`
    pub name: String,
    /// ISO code, or `##` for all currencies.
    pub currency: String,
    /// `PayTermsGrpCode`
    pub payment_terms: i32,
    /// Tax group of its documents' lines.
    pub vat_group: String,
    /// `FederalTaxID`
    pub federal_tax_id: String,
    /// `EmailAddress`
    pub email: String,
    /// `Phone1`
    pub phone: String,
    /// `Website`
    pub website: String,
    /// The first bill-to address is the default one.
    pub addresses: Vec<AddressSpec>,
    /// The first one is the default contact.
    pub contacts: Vec<ContactSpec>,
    /// `Valid`
    pub valid: bool,
    /// `Frozen`
    pub frozen: bool,
    /// Any other members, by name.
    pub extra: Vec<(String, Field)>,
}

impl Default for SupplierSpec {
    fn default() -> Self {
        Self {
            code: String::new(),
            name: "Acme Associates".to_owned(),
            currency: "EUR".to_owned(),
            payment_terms: 3,
            vat_group: "I19".to_owned(),
            federal_tax_id: "DE123456789".to_owned(),
            email: "ap@acme.example".to_owned(),
            phone: "+49 30 100".to_owned(),
            website: "https://acme.example".to_owned(),
            addresses: vec![AddressSpec::default()],
            contacts: vec![ContactSpec::default()],
            valid: true,
            frozen: false,
            extra: Vec::new(),
        }
    }
}

/// An address of a supplier.
#[derive(Clone, Debug)]
pub struct AddressSpec {
    /// `AddressName`
    pub name: String,
    /// `bo_ShipTo`; otherwise `bo_BillTo`.
    pub ship_to: bool,
    /// `Street`
    pub street: String,
    /// `StreetNo`
    pub street_number: String,
    /// `City`
    pub city: String,
    /// `ZipCode`
    pub zip_code: String,
    /// `State`
    pub state: String,
    /// ISO code.
    pub country: String,
}

impl Default for AddressSpec {
    fn default() -> Self {
        Self {
            name: "HQ".to_owned(),
            ship_to: false,
            street: "Main Street".to_owned(),
            street_number: "1".to_owned(),
            city: "Berlin".to_owned(),
            zip_code: "10115".to_owned(),
            state: String::new(),
            country: "DE".to_owned(),
        }
    }
}

/// A person at a supplier.
#[derive(Clone, Debug)]
pub struct ContactSpec {
    /// `Name`: how the contact is called in SAP.
    pub name: String,
    /// `FirstName`
    pub first_name: String,
    /// `LastName`
    pub last_name: String,
    /// `E_Mail`
    pub email: String,
    /// `Phone1`
    pub phone: String,
    /// `Active`
    pub active: bool,
}

impl Default for ContactSpec {
    fn default() -> Self {
        Self {
            name: "AP".to_owned(),
            first_name: "Ada".to_owned(),
            last_name: "Pay".to_owned(),
            email: "ada@acme.example".to_owned(),
            phone: "+49 30 101".to_owned(),
            active: true,
        }
    }
}

/// A document to add: order, goods receipt, invoice or credit note.
#[derive(Clone, Debug)]
pub struct DocumentSpec {
    /// `CardCode`; taken from the base of the first line when empty.
    pub supplier: String,
    /// Posting date; today when absent.
    pub date: Option<Date>,
    /// Due date; the payment terms say when absent.
    pub due_date: Option<Date>,
    /// `NumAtCard`
    pub reference: String,
    /// ISO code; the supplier's when empty.
    pub currency: String,
    /// Local currency for one unit of it. Not used for the local one.
    pub rate: Decimal,
    /// Percent off all lines.
    pub discount_percent: Decimal,
    /// Rounding difference, in the document's currency.
    pub rounding: Decimal,
    /// Down payments drawn, gross, in the document's currency. Their tax stays in the tax total.
    pub down_payment: Decimal,
    /// Withholding tax: code and percent of the net amount.
    pub withholding: Option<(String, Decimal)>,
    /// The lines are amounts, without items.
    pub service: bool,
    /// `Comments`
    pub comments: String,
    /// Numbering series; the kind's own when absent.
    pub series: Option<i32>,
    /// `PaymentGroupCode`; the supplier's when absent.
    pub payment_terms: Option<i32>,
    /// The rows.
    pub lines: Vec<LineSpec>,
    /// Freight and the like.
    pub expenses: Vec<ExpenseSpec>,
    /// Any other members, by name.
    pub extra: Vec<(String, Field)>,
}

impl Default for DocumentSpec {
    fn default() -> Self {
        Self {
            supplier: String::new(),
            date: None,
            due_date: None,
            reference: String::new(),
            currency: String::new(),
            rate: Decimal::ONE,
            discount_percent: Decimal::ZERO,
            rounding: Decimal::ZERO,
            down_payment: Decimal::ZERO,
            withholding: None,
            service: false,
            comments: String::new(),
            series: None,
            payment_terms: None,
            lines: vec![LineSpec::default()],
            expenses: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// A purchase order to add.
pub type OrderSpec = DocumentSpec;
/// An invoice to add.
pub type InvoiceSpec = DocumentSpec;

/// A row of a document to add. What is left empty comes from the base line, if there is one.
#[derive(Clone, Debug, Default)]
pub struct LineSpec {
    /// `ItemCode`; `A00001` when empty and without a base.
    pub item_code: String,
    /// `ItemDescription`
    pub description: String,
    /// What is open of the base line when absent; 1 without a base.
    pub quantity: Option<Decimal>,
    /// Before the row's discount, in the document's currency; on a service line its amount. 10 when absent.
    pub unit_price: Option<Decimal>,
    /// Percent.
    pub discount_percent: Decimal,
    /// Tax group; the supplier's when empty.
    pub vat_group: String,
    /// General ledger account.
    pub account_code: String,
    /// First cost dimension.
    pub costing_code: String,
    /// `ProjectCode`
    pub project_code: String,
    /// `01` when empty.
    pub warehouse_code: String,
    /// `pcs` when empty.
    pub unit: String,
    /// Planned delivery.
    pub ship_date: Option<Date>,
    /// The supplier's number for the item.
    pub supplier_item: String,
    /// `FreeText`
    pub free_text: String,
    /// The line it is copied from.
    pub base: Option<Base>,
    /// Any other members, by name.
    pub extra: Vec<(String, Field)>,
}

impl LineSpec {
    /// A line copied from another, with all that is open there.
    pub fn copied_from(kind: DocumentKind, entry: i64, line: i64) -> Self {
        Self { base: Some(Base { kind, entry, line }), ..Self::default() }
    }
}

/// Freight and the like, to add to a document.
#[derive(Clone, Debug)]
pub struct ExpenseSpec {
    /// What kind of expense.
    pub code: i64,
    /// `Remarks`
    pub remarks: String,
    /// Net, in the document's currency.
    pub net: Decimal,
    /// Tax group.
    pub vat_group: String,
}

impl Default for ExpenseSpec {
    fn default() -> Self {
        Self { code: 1, remarks: "Freight".to_owned(), net: Decimal::TEN, vat_group: "I19".to_owned() }
    }
}

/// A payment to add.
#[derive(Clone, Debug, Default)]
pub struct PaymentSpec {
    /// `CardCode`; taken from the first paid document when empty.
    pub supplier: String,
    /// Posting date; today when absent.
    pub date: Option<Date>,
    /// What it pays: kind, `DocEntry`, and how much of it in that document's currency. A credit note is set off
    /// with a positive amount here and shows a negative one in SAP.
    pub rows: Vec<(DocumentKind, i64, Decimal)>,
    /// Paid without naming a document, in local currency.
    pub on_account: Decimal,
    /// What the bank shows.
    pub transfer_reference: String,
    /// Numbering series; the kind's own when absent.
    pub series: Option<i32>,
    /// `Remarks`
    pub remarks: String,
    /// Any other members, by name.
    pub extra: Vec<(String, Field)>,
}
