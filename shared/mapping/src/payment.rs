use crate::context::Context;
use crate::figures;
use crate::image::PaymentImage;
use crate::sheet::is_foreign;
use model::{Code, Failure};
use rust_decimal::Decimal;
use sap::entities::{Document, Payment, PaymentInvoice, YesNo};
use std::collections::BTreeMap;

/// What the notes of every payment of ours begin with.
pub const PAYMENT_NOTES: &str = "SAP payment ";

/// What Coupa must show of an outgoing payment. `invoices` are those it pays, by `DocEntry`: they tell which of a row's
/// two amounts is in the invoice's currency.
pub fn payment(
    _context: &Context<'_>,
    payment: &Payment,
    invoices: &BTreeMap<i64, Document>,
) -> Result<PaymentImage, Failure> {
    let entry = payment.doc_entry;
    let failure = |code, what: String| Failure::new(code, format!("payment with DocEntry {entry}: {what}"));
    let missing = |member: &str| failure(Code::FieldMissing, format!("{member} is empty; fill it in SAP"));
    let number = payment.doc_num.ok_or_else(|| missing("DocNum"))?;
    let notes = format!("{PAYMENT_NOTES}{number} entry {entry}");
    let mut on_invoices: BTreeMap<i64, Decimal> = BTreeMap::new();
    let mut not_applicable_rows = 0;
    for (index, row) in payment.payment_invoices.iter().enumerate() {
        if !row.is_invoice() {
            not_applicable_rows += 1;
            continue;
        }
        let invoice = row.doc_entry.ok_or_else(|| missing(&format!("row {}: DocEntry", index + 1)))?;
        let sum = on_invoices.entry(invoice).or_default();
        let amount = figures::exact(applied(row, invoices.get(&invoice)));
        *sum = amount.and_then(|amount| figures::sum([*sum, amount])).ok_or_else(|| {
            let what =
                format!("row {}: SumApplied is too large to be reckoned with; correct it in SAP", index + 1);
            failure(Code::SapFieldUnreadable, what)
        })?;
    }
    for sum in on_invoices.values_mut() {
        *sum = figures::cents(*sum).normalize();
    }
    // Rows of one payment can cancel each other out, and Coupa has no payment of nothing.
    on_invoices.retain(|_, sum| !sum.is_zero());
    Ok(PaymentImage {
        reversal_notes: format!("{notes} reversed"),
        notes,
        date: payment.doc_date.ok_or_else(|| missing("DocDate"))?,
        cancelled: payment.cancelled == YesNo::Yes,
        on_invoices,
        not_applicable_rows,
    })
}

/// In the invoice's currency. Of an invoice that couldn't be read, the row itself tells as well as it can.
fn applied(row: &PaymentInvoice, invoice: Option<&Document>) -> Decimal {
    let foreign = invoice.map_or(!row.applied_fc.is_zero(), is_foreign);
    if foreign { row.applied_fc } else { row.sum_applied }
}
