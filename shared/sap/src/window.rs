use jiff::civil::Date;
use model::{SapKey, Stamp};

/// What a pass asks for. Suppliers are always all with `CardType = cSupplier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// First pass and backfill: documents and payments by `DocDate`; all suppliers, whatever the date.
    ByDocDate {
        /// The earliest `DocDate`.
        since: Date,
    },
    /// What was stamped from a minute on, was counted since, or was created without being stamped.
    Changed {
        /// The earliest stamp; SAP compares minutes only.
        from: Stamp,
        /// Documents with a higher `DocEntry` are new.
        last_entry: i64,
        /// The earliest creation date of what carries no stamp.
        created_from: Date,
    },
    /// Payments, which carry no stamp: new ones, and cancelled ones among the recent.
    Payments {
        /// Payments with a higher `DocEntry` are new.
        after_entry: i64,
        /// The earliest `DocDate` of cancelled payments to see again.
        cancelled_since: Date,
    },
}

/// A document as a pass sees it: its key, and what tells whether it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: SapKey,
    /// When SAP last stamped it; nothing where that can't be read.
    pub stamp: Option<Stamp>,
    /// Its date; nothing for suppliers, or where it can't be read.
    pub doc_date: Option<Date>,
    /// It is cancelled, as far as a pass can see: only payments and documents say so.
    pub cancelled: bool,
}

/// One page of a pass, in the order of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows whose key can't be read, as SAP wrote them.
    pub unreadable: Vec<String>,
    /// There may be more behind the last key.
    pub more: bool,
}
