use crate::Mapping;
use jiff::civil::Date;
use model::CompanyDb;
use std::collections::BTreeMap;

/// What a document needs besides itself to become its image.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whose documents these are.
    pub company: &'a CompanyDb,
    /// The customer's mapping file.
    pub mapping: &'a Mapping,
    /// What SAP doesn't say and Coupa needs.
    pub defaults: &'a CoupaDefaults,
    /// SAP's `PaymentTermsTypes`, number to name; may be empty.
    pub payment_terms: &'a BTreeMap<i64, String>,
    /// The company's present day, against which a supplier's validity counts.
    pub today: Date,
}

/// What Coupa needs and no document of SAP says. From the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoupaDefaults {
    /// Login of the user whom orders are shipped to, or the e-mail address where it contains `@`.
    pub ship_to_user: String,
    /// Location code, for warehouses without an entry under `[ship_to]`.
    pub ship_to_address: String,
    /// Name of the chart of accounts.
    pub chart_of_accounts: String,
}
