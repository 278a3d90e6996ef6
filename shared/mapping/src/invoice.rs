use crate::{Bases, Context, InvoiceImage};
use model::{Code, Failure, ObjectKind};
use sap::entities::Document;

/// What Coupa must show of an invoice or credit note.
pub fn invoice(
    _context: &Context<'_>,
    _kind: ObjectKind,
    _document: &Document,
    _bases: &Bases,
) -> Result<InvoiceImage, Failure> {
    Err(Failure::new(Code::SapFieldUnreadable, "not mapped yet"))
}

/// The number that an invoice or credit note has in Coupa.
pub fn invoice_number(
    _context: &Context<'_>,
    _kind: ObjectKind,
    _document: &Document,
) -> Result<String, Failure> {
    Err(Failure::new(Code::SapFieldUnreadable, "not mapped yet"))
}

/// Whether a note holds the mark whole: `SAP DB/invoice/23` is not in `SAP DB/invoice/230`.
pub fn carries_mark(note: &str, mark: &str) -> bool {
    note.match_indices(mark).any(|(at, _)| {
        let before = note[..at].chars().next_back();
        let after = note[at + mark.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
