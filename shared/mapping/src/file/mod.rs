//! The mapping file: what in it can be set, and what goes without it.

mod codes;
mod parse;
mod source;
mod template;

pub use codes::{CodeTable, Table};
pub use source::MappingError;
pub(crate) use template::Template;

use model::ObjectKind;
use std::collections::BTreeMap;

/// Which documents already in Coupa are taken over where their number fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopt {
    /// Only those that carry our mark.
    ByMark,
    /// Any.
    ByNumber,
}

/// What becomes of a difference between a document's total and the sum of its lines, charges and tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// An amount line of its own.
    Line,
    /// A charge; an amount line on a purchase order, which has no charges.
    Charge,
    /// The document fails.
    Fail,
}

/// Where such a difference comes from. Their order is the order of the lines made for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    Discount,
    Rounding,
    TaxRounding,
    Withholding,
    DownPayment,
}

impl Difference {
    pub(crate) const ALL: [Self; 5] =
        [Self::Discount, Self::Rounding, Self::TaxRounding, Self::Withholding, Self::DownPayment];

    /// As in `[differences]` and in the line's id.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Discount => "discount",
            Self::Rounding => "rounding",
            Self::TaxRounding => "tax_rounding",
            Self::Withholding => "withholding",
            Self::DownPayment => "down_payment",
        }
    }

    /// As the description of its line or charge.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Discount => "Discount",
            Self::Rounding => "Rounding",
            Self::TaxRounding => "Tax rounding",
            Self::Withholding => "Withholding tax",
            Self::DownPayment => "Down payment",
        }
    }

    const fn default_policy(self) -> Policy {
        match self {
            Self::Discount | Self::Rounding | Self::TaxRounding => Policy::Line,
            Self::Withholding | Self::DownPayment => Policy::Fail,
        }
    }
}

/// What a credit note without a base invoice gives as its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Original {
    /// Nothing: it fails.
    Fail,
    /// Its own number and date.
    Itself,
}

/// The members of a document line that an account is made of, in the order of the default segments.
pub(crate) const ACCOUNT_MEMBERS: [&str; 7] = [
    "AccountCode",
    "CostingCode",
    "CostingCode2",
    "CostingCode3",
    "CostingCode4",
    "CostingCode5",
    "ProjectCode",
];

/// The customer's mapping file; its default is what goes without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) payment_terms: CodeTable,
    pub(crate) units: CodeTable,
    pub(crate) currencies: CodeTable,
    pub(crate) tax_codes: CodeTable,
    pub(crate) ship_to: CodeTable,
    /// Number of the segment to the line's member that fills it.
    pub(crate) segments: BTreeMap<u8, &'static str>,
    /// By object: Coupa's custom field to SAP's member.
    pub(crate) custom_fields: BTreeMap<ObjectKind, BTreeMap<String, String>>,
    pub(crate) numbers: BTreeMap<ObjectKind, Template>,
    pub(crate) differences: BTreeMap<Difference, Policy>,
    pub(crate) original: Original,
    pub(crate) adopt: BTreeMap<ObjectKind, Adopt>,
    pub(crate) match_type: String,
    pub(crate) invoice_matching_level: String,
    pub(crate) po_method: String,
    pub(crate) payment_method: String,
    pub(crate) ownership: crate::Ownership,
}

impl Default for Mapping {
    fn default() -> Self {
        let doc_num = |prefix| Template::doc_num_after(prefix);
        Self {
            payment_terms: CodeTable::default(),
            units: CodeTable::default(),
            currencies: CodeTable::default(),
            tax_codes: CodeTable::default(),
            ship_to: CodeTable::default(),
            segments: (1..).zip(ACCOUNT_MEMBERS).collect(),
            custom_fields: BTreeMap::new(),
            numbers: BTreeMap::from([
                (ObjectKind::PurchaseOrder, doc_num("")),
                (ObjectKind::Invoice, doc_num("")),
                (ObjectKind::CreditNote, doc_num("CN-")),
            ]),
            differences: Difference::ALL.map(|difference| (difference, difference.default_policy())).into(),
            original: Original::Fail,
            adopt: BTreeMap::from([
                (ObjectKind::Supplier, Adopt::ByNumber),
                (ObjectKind::PurchaseOrder, Adopt::ByMark),
                (ObjectKind::Invoice, Adopt::ByMark),
                (ObjectKind::CreditNote, Adopt::ByMark),
            ]),
            match_type: "none".to_owned(),
            invoice_matching_level: "none".to_owned(),
            po_method: "prompt".to_owned(),
            payment_method: "invoice".to_owned(),
            ownership: crate::Ownership::default(),
        }
    }
}

impl Mapping {
    /// Reads a mapping file. What it leaves out stays at its default.
    pub fn parse(toml: &str) -> Result<Self, MappingError> {
        parse::mapping(toml)
    }

    /// Members of SAP's entity that are read only because the mapping file names them: their values are expected in
    /// the entity's `extra`.
    pub fn extra_members(&self, kind: ObjectKind) -> Vec<String> {
        let mut members: Vec<String> = match self.custom_fields.get(&kind) {
            Some(fields) => {
                fields.values().filter(|name| !crate::members::is_decoded(kind, name)).cloned().collect()
            }
            None => Vec::new(),
        };
        members.sort();
        members.dedup();
        members
    }

    /// What to do with a document of Coupa that has the right number and no link.
    pub fn adopt(&self, kind: ObjectKind) -> Adopt {
        self.adopt.get(&kind).copied().unwrap_or(Adopt::ByMark)
    }

    /// Who wins where both sides changed a supplier's field.
    pub fn ownership(&self) -> &crate::Ownership {
        &self.ownership
    }

    /// One of the tables of codes, to be checked against both sides' master data.
    pub fn table(&self, table: Table) -> &CodeTable {
        match table {
            Table::PaymentTerms => &self.payment_terms,
            Table::Units => &self.units,
            Table::Currencies => &self.currencies,
            Table::TaxCodes => &self.tax_codes,
            Table::ShipTo => &self.ship_to,
        }
    }

    pub(crate) fn policy(&self, difference: Difference) -> Policy {
        self.differences.get(&difference).copied().unwrap_or(difference.default_policy())
    }
}
