use crate::{Context, PaymentImage};
use model::{Code, Failure};
use sap::entities::{Document, Payment};
use std::collections::BTreeMap;

/// What Coupa must show of an outgoing payment. `invoices` are those it pays, by `DocEntry`.
pub fn payment(
    _context: &Context<'_>,
    _payment: &Payment,
    _invoices: &BTreeMap<i64, Document>,
) -> Result<PaymentImage, Failure> {
    Err(Failure::new(Code::SapFieldUnreadable, "not mapped yet"))
}
