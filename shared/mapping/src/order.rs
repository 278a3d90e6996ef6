use crate::context::Context;
use crate::file::{Difference, Policy};
use crate::lines::{self, Style};
use crate::sheet::{Row, Sheet};
use crate::subject::Subject;
use crate::{LineImage, OrderImage, OrderState, codes, fields, figures, numbers};
use jiff::civil::Date;
use model::{Code, Failure, ObjectKind, Sent};
use rust_decimal::Decimal;
use sap::entities::{Document, RowStatus};
use serde_json::Value;

const NUMBER_LIMIT: usize = 20;

const STYLE: Style = Style {
    quantity_line: "OrderQuantityLine",
    amount_line: "OrderAmountLine",
    description_limit: 255,
    sign: Decimal::ONE,
};

/// What Coupa must show of a purchase order.
pub fn order(context: &Context<'_>, order: &Document) -> Result<OrderImage, Failure> {
    let subject = Subject { kind: ObjectKind::PurchaseOrder, document: order };
    let po_number = numbers::number(context, subject, NUMBER_LIMIT)?;
    if order.card_code.is_empty() {
        return Err(subject.missing("CardCode"));
    }
    let sheet = Sheet::of(context, subject.kind, order)?;
    let header = header(context, &sheet, &po_number)?;
    let mut lines = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        lines.push(line(context, &sheet, row)?);
    }
    lines.extend(rounding_line(context, &sheet)?);
    Ok(OrderImage { po_number, supplier: order.card_code.clone(), header, lines, state: state(order) })
}

/// A document that only cancels another is never pushed; should one come here, it isn't open.
fn state(order: &Document) -> OrderState {
    if order.is_cancelled() || order.is_cancellation() {
        OrderState::Cancelled
    } else if order.document_status == RowStatus::Closed {
        OrderState::Closed
    } else {
        OrderState::Open
    }
}

fn header(context: &Context<'_>, sheet: &Sheet<'_>, po_number: &str) -> Result<Sent, Failure> {
    let order = sheet.document;
    let mut header = Sent::new();
    fields::set(&mut header, "type", "ExternalOrderHeader");
    fields::set(&mut header, "po-number", po_number);
    fields::set(&mut header, "transmission-method-override", "do_not_transmit");
    let user = &context.defaults.ship_to_user;
    let user_key = if user.contains('@') { "email" } else { "login" };
    header.insert("ship-to-user".to_owned(), fields::by(user_key, user));
    let warehouse = sheet.rows.first().map_or("", |row| row.line.warehouse_code.as_str());
    let ship_to = codes::ship_to(context, sheet.subject, warehouse)?;
    let mut refer = |name: &str, key: &str, code: &str| {
        header.insert(name.to_owned(), fields::by(key, code));
    };
    refer("supplier", "number", &order.card_code);
    refer("currency", "code", &sheet.currency);
    refer("ship-to-address", "location-code", &ship_to);
    if let Some(term) = codes::payment_term(context, order.payment_group_code, &sheet.subject)? {
        refer("payment-term", "code", &term);
    }
    fields::custom_fields_of(context, ObjectKind::PurchaseOrder, order, &mut header);
    Ok(header)
}

fn line(context: &Context<'_>, sheet: &Sheet<'_>, row: &Row<'_>) -> Result<LineImage, Failure> {
    let mut body = lines::body(context, sheet, row, &STYLE)?;
    let (own, suppliers) = (row.line.item_code.trim(), row.line.supplier_cat_num.trim());
    match (suppliers, own) {
        ("", "") => {}
        ("", number) | (number, "") => fields::set(&mut body, "source-part-num", number),
        (suppliers, own) => {
            fields::set(&mut body, "source-part-num", suppliers);
            fields::set(&mut body, "supp-aux-part-num", own);
        }
    }
    let id = sheet.line_id(row.line.line_num);
    complete(context, sheet, row.line.ship_date, &id.0, &mut body);
    Ok(LineImage { id, body, draws_on: None })
}

/// The fields that every order line has, one of our own making too.
fn complete(context: &Context<'_>, sheet: &Sheet<'_>, ship_date: Option<Date>, id: &str, body: &mut Sent) {
    fields::set(body, "external-reference-number", id);
    fields::set(body, "match-type", context.mapping.match_type.as_str());
    body.insert("currency".to_owned(), fields::by("code", &sheet.currency));
    if let Some(date) = ship_date.or(sheet.document.doc_due_date) {
        // Noon, because Coupa shows it in its own time zone, and midnight would be the day before in America.
        body.insert("need-by-date".to_owned(), Value::String(format!("{date}T12:00:00Z")));
    }
}

/// SAP rounds a line's total itself; Coupa multiplies price and quantity again.
fn rounding_line(context: &Context<'_>, sheet: &Sheet<'_>) -> Result<Option<LineImage>, Failure> {
    let (sap, coupa) = (figures::cents(sheet.net()?), sheet.net_in_coupa()?);
    let rounding = sap - coupa;
    if rounding.is_zero() {
        return Ok(None);
    }
    if context.mapping.policy(Difference::Rounding) == Policy::Fail {
        let (sap, coupa, rounding) = (figures::text(sap), figures::text(coupa), figures::text(rounding));
        let what = format!(
            "the lines come to {sap} in SAP and to {coupa} in Coupa; the rounding of {rounding} fails by [differences]"
        );
        return Err(sheet.subject.failure(Code::TotalsDiffer, what));
    }
    let (id, mut body) = lines::for_difference(context, sheet, Difference::Rounding, rounding, &STYLE);
    complete(context, sheet, None, &id.0, &mut body);
    Ok(Some(LineImage { id, body, draws_on: None }))
}
