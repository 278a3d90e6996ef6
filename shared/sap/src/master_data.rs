/// A row of `PaymentTermsTypes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTerm {
    /// `GroupNumber`, which documents and partners refer to.
    pub number: i64,
    /// `PaymentTermsGroupName`.
    pub name: String,
}

/// A row of master data that people know by a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// The code.
    pub code: String,
    /// The name; empty where there is none.
    pub name: String,
}
