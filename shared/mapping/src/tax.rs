//! The tax of each row, in the document's currency and in whole cents.

use crate::figures::{self, cents};
use crate::sheet::{Row, Sheet};
use model::Failure;
use rust_decimal::Decimal;

/// The taxes of the rows, in their order. Of the two ways in which SAP shows them, the one that comes nearer to what
/// the rows must come to; what is left over is the header's tax rounding.
pub(crate) fn of_rows(sheet: &Sheet<'_>, expected: Decimal) -> Result<Vec<Decimal>, Failure> {
    let (usual, other) = if sheet.foreign {
        (taxes(sheet, |row| row.line.net_tax_amount_fc)?, taxes(sheet, worked_out)?)
    } else {
        // Under reverse charge `TaxTotal` is a tax that nobody pays: then only the net amount adds up.
        (
            taxes(sheet, |row| row.line.tax_total)?,
            taxes(sheet, |row| row.line.net_tax_amount.unwrap_or(row.line.tax_total))?,
        )
    };
    let off = |taxes: &[Decimal]| figures::sum(taxes.iter().copied()).map(|sum| (expected - sum).abs());
    let (usual_off, other_off) = (off(&usual), off(&other));
    Ok(if other_off.is_some() && (usual_off.is_none() || other_off < usual_off) { other } else { usual })
}

fn taxes(sheet: &Sheet<'_>, tax: impl Fn(&Row<'_>) -> Decimal) -> Result<Vec<Decimal>, Failure> {
    let rows = sheet.rows.iter();
    let taxes = rows.map(|row| {
        let exact = sheet.subject.exact(format_args!("line {}: its tax", row.position), tax(row))?;
        Ok(cents(exact))
    });
    taxes.collect()
}

/// A row's tax in foreign currency, where SAP gives only the local one: by the rate, else in proportion.
fn worked_out(row: &Row<'_>) -> Decimal {
    let line = row.line;
    if !line.net_tax_amount_fc.is_zero() {
        return line.net_tax_amount_fc;
    }
    let tax = match line.tax_percentage_per_row {
        Some(rate) if !rate.is_zero() => figures::proportion(row.amount, rate, Decimal::ONE_HUNDRED),
        _ => figures::proportion(row.amount, line.tax_total, line.line_total),
    };
    tax.unwrap_or_default()
}
