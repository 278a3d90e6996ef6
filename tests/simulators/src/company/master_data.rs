/// The reference data that Service Layer and Coupa must both know before documents can flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterData {
    /// Payment terms, in the order of their SAP group numbers.
    pub payment_terms: Vec<PaymentTerms>,
    /// Currencies the company trades in; the first is the local currency.
    pub currencies: Vec<CurrencyRecord>,
    /// Units that order and invoice lines are counted in.
    pub units: Vec<UnitOfMeasure>,
    /// Warehouses that goods are received into.
    pub warehouses: Vec<WarehouseRecord>,
    /// Input tax groups.
    pub tax_codes: Vec<TaxCode>,
    /// General ledger accounts that lines are booked on.
    pub accounts: Vec<GlAccount>,
}

/// When an invoice falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTerms {
    /// `GroupNumber` in SAP.
    pub group_number: i32,
    /// `PaymentTermsGroupName` in SAP, the `code` in Coupa.
    pub code: String,
    /// Days from the invoice date until it is due.
    pub net_days: u32,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyRecord {
    /// ISO 4217 code, such as `EUR`.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// A unit of measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitOfMeasure {
    /// `AbsEntry` in SAP; -1 is the unit "Manual".
    pub abs_entry: i32,
    /// `Code` in SAP, such as `pcs`; also the `MeasureUnit` of a line.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// A warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseRecord {
    /// `WarehouseCode` in SAP.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// An input tax group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxCode {
    /// `Code` of the `VatGroup` in SAP.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// The rate in hundredths of a percent: 1900 is 19 %.
    pub rate_basis_points: u32,
}

/// An account of the general ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlAccount {
    /// The account's number.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Whether documents may book on it; the others are titles.
    pub active: bool,
}

/// The reference data of the generated company.
pub fn master_data() -> MasterData {
    MasterData {
        payment_terms: payment_terms(),
        currencies: currencies(),
        units: units(),
        warehouses: warehouses(),
        tax_codes: tax_codes(),
        accounts: accounts(),
    }
}

fn payment_terms() -> Vec<PaymentTerms> {
    let of =
        |group_number, code: &str, net_days| PaymentTerms { group_number, code: code.to_owned(), net_days };
    vec![
        of(-1, "Cash Basic", 0),
        of(1, "Net 7", 7),
        of(2, "Net 14", 14),
        of(3, "Net 30", 30),
        of(4, "Net 45", 45),
        of(5, "Net 60", 60),
    ]
}

fn currencies() -> Vec<CurrencyRecord> {
    let of = |code: &str, name: &str| CurrencyRecord { code: code.to_owned(), name: name.to_owned() };
    vec![of("EUR", "Euro"), of("USD", "US Dollar"), of("GBP", "British Pound"), of("CHF", "Swiss Franc")]
}

fn units() -> Vec<UnitOfMeasure> {
    let of = |abs_entry, code: &str, name: &str| UnitOfMeasure {
        abs_entry,
        code: code.to_owned(),
        name: name.to_owned(),
    };
    vec![
        of(-1, "Manual", "Manual"),
        of(1, "pcs", "Piece"),
        of(2, "box", "Box"),
        of(3, "pal", "Pallet"),
        of(4, "kg", "Kilogram"),
        of(5, "m", "Metre"),
        of(6, "h", "Hour"),
    ]
}

fn warehouses() -> Vec<WarehouseRecord> {
    let of = |code: &str, name: &str| WarehouseRecord { code: code.to_owned(), name: name.to_owned() };
    vec![of("01", "Hamburg Main"), of("02", "Lyon"), of("03", "Rotterdam Bonded")]
}

fn tax_codes() -> Vec<TaxCode> {
    let of = |code: &str, name: &str, rate_basis_points| TaxCode {
        code: code.to_owned(),
        name: name.to_owned(),
        rate_basis_points,
    };
    vec![
        of("I19", "Input tax 19 %", 1900),
        of("I7", "Input tax 7 %", 700),
        of("I0", "Import, no tax", 0),
        of("IEU", "Acquisition in the European Union", 0),
    ]
}

fn accounts() -> Vec<GlAccount> {
    let of =
        |code: &str, name: &str, active| GlAccount { code: code.to_owned(), name: name.to_owned(), active };
    vec![
        of("100000", "Assets", false),
        of("140000", "Inventory", true),
        of("161000", "Bank", true),
        of("230000", "Trade payables", true),
        of("231000", "Trade payables, foreign", true),
        of("610000", "Freight inward", true),
        of("620000", "Office supplies", true),
        of("630000", "Repairs and maintenance", true),
        of("640000", "Consulting", true),
        of("650000", "Software subscriptions", true),
        of("660000", "Energy", true),
    ]
}
