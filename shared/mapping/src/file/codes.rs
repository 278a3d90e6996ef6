use std::collections::BTreeMap;

/// The tables of codes in the mapping file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `[payment_terms]`, by SAP's number or name.
    PaymentTerms,
    /// `[units]`
    Units,
    /// `[currencies]`
    Currencies,
    /// `[tax_codes]`
    TaxCodes,
    /// `[ship_to]`, by warehouse.
    ShipTo,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::PaymentTerms, Self::Units, Self::Currencies, Self::TaxCodes, Self::ShipTo];

    /// As in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentTerms => "payment_terms",
            Self::Units => "units",
            Self::Currencies => "currencies",
            Self::TaxCodes => "tax_codes",
            Self::ShipTo => "ship_to",
        }
    }
}

/// SAP's codes and what Coupa calls the same things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeTable {
    entries: BTreeMap<String, String>,
    fails_on_missing: bool,
}

impl CodeTable {
    pub(super) fn new(entries: BTreeMap<String, String>, fails_on_missing: bool) -> Self {
        Self { entries, fails_on_missing }
    }

    /// SAP's code to Coupa's.
    pub fn entries(&self) -> &BTreeMap<String, String> {
        &self.entries
    }

    /// Coupa's code for SAP's, where there is an entry.
    pub fn get(&self, code: &str) -> Option<&str> {
        self.entries.get(code).map(String::as_str)
    }

    /// A code without an entry fails, rather than going over as it is.
    pub fn fails_on_missing(&self) -> bool {
        self.fails_on_missing
    }
}
