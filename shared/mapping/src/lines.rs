//! What order lines and invoice lines have in common.

use crate::context::Context;
use crate::file::Difference;
use crate::sheet::{Row, Shape, Sheet};
use crate::text::cut;
use crate::{codes, fields, figures};
use model::{Failure, LineId, Sent};
use rust_decimal::Decimal;

/// How a line of an order differs from one of an invoice or credit note.
pub(crate) struct Style {
    pub(crate) quantity_line: &'static str,
    pub(crate) amount_line: &'static str,
    pub(crate) description_limit: usize,
    /// -1 for a credit note, whose quantities and amounts are negative in Coupa and positive in SAP.
    pub(crate) sign: Decimal,
}

/// A row's fields.
pub(crate) fn body(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    row: &Row<'_>,
    style: &Style,
) -> Result<Sent, Failure> {
    let mut body = Sent::new();
    fields::set(&mut body, "description", description(row, style.description_limit));
    match row.shape {
        Shape::Quantity { quantity, price } => {
            fields::set(&mut body, "type", style.quantity_line);
            body.insert("quantity".to_owned(), figures::json(quantity * style.sign));
            body.insert("price".to_owned(), figures::json(price));
            let place = format!("{}: line {}", sheet.subject, row.position);
            if let Some(unit) = codes::unit(context, row.line, &place)? {
                body.insert("uom".to_owned(), fields::by("code", unit));
            }
        }
        Shape::Amount => {
            fields::set(&mut body, "type", style.amount_line);
            body.insert("price".to_owned(), figures::json(row.amount * style.sign));
        }
    }
    if let Some(account) = fields::account(context, row.line) {
        body.insert("account".to_owned(), account);
    }
    Ok(body)
}

/// A line for a difference, booked where the first line is.
pub(crate) fn for_difference(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    difference: Difference,
    amount: Decimal,
    style: &Style,
) -> (LineId, Sent) {
    let mut body = Sent::new();
    fields::set(&mut body, "type", style.amount_line);
    fields::set(&mut body, "description", difference.title());
    body.insert("price".to_owned(), figures::json(amount * style.sign));
    let account = sheet.rows.first().and_then(|row| fields::account(context, row.line));
    if let Some(account) = account {
        body.insert("account".to_owned(), account);
    }
    (sheet.line_id(difference.name()), body)
}

/// Coupa wants a description on every line.
fn description(row: &Row<'_>, limit: usize) -> String {
    let texts = [&row.line.item_description, &row.line.item_code];
    match texts.into_iter().map(|text| cut(text, limit)).find(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => format!("Line {}", row.position),
    }
}
