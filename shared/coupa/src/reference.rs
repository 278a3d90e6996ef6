/// Master data that documents refer to by a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// By code.
    PaymentTerm,
    /// By code.
    Currency,
    /// By code.
    Unit,
    /// By location code.
    Address,
    /// Chart of accounts, by name.
    AccountType,
    /// By login.
    UserLogin,
    /// By e-mail.
    UserEmail,
    /// By code.
    TaxCode,
}
