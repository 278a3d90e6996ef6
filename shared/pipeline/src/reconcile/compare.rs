//! What SAP implies against what Coupa shows, document by document. No I/O.

use super::{
    balance::{FieldDifference, Figures},
    sap_side::Expected,
};
use crate::{invoice::invoice_fields, invoice_found, order, order_lines::order_lines};
use coupa::{Invoice, Order, WholeSupplier};
use mapping::{InvoiceImage, OrderImage, OrderState, SupplierImage, cents};
use model::{InvoiceStage, OrderStage, Sent};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What one document comes to.
pub(crate) struct Judged {
    /// Coupa has it.
    pub there: bool,
    /// It is cancelled or void there, and stays so.
    pub void: bool,
    /// Coupa lets nothing of it change but its payments.
    pub locked: bool,
    pub differences: Vec<FieldDifference>,
}

/// Holds what SAP implies against what Coupa shows of it, which is nothing where Coupa doesn't have it.
pub(crate) fn judge(
    expected: &Expected,
    supplier: Option<&WholeSupplier>,
    order: Option<&Order>,
    invoice: Option<&Invoice>,
) -> Judged {
    let judged = |there, void, locked, differences| Judged { there, void, locked, differences };
    match (expected, supplier, order, invoice) {
        (Expected::Supplier(image), Some(shown), ..) => {
            judged(true, false, false, self::supplier(image, shown))
        }
        (Expected::Order(image), _, Some(shown), _) => {
            let void = order::stage(shown) == OrderStage::Cancelled;
            judged(true, void, false, self::order(image, shown))
        }
        (Expected::Invoice(image), .., Some(shown)) => {
            let stage = invoice_found::stage(shown);
            let (void, locked) = (stage == InvoiceStage::Void, stage == InvoiceStage::Submitted);
            judged(true, void, locked, self::invoice(image, shown))
        }
        _ => judged(false, false, false, vec![]),
    }
}

fn differing<T: serde::Serialize>(expected: &Sent, shown: &T) -> Vec<FieldDifference> {
    let field = |one: coupa::Ignored| FieldDifference { field: one.path, sap: one.sent, coupa: one.shown };
    coupa::differences(expected, shown).into_iter().map(field).collect()
}

fn field(name: &str, sap: impl Into<String>, coupa: impl Into<String>) -> FieldDifference {
    FieldDifference { field: name.to_owned(), sap: sap.into(), coupa: coupa.into() }
}

pub(super) fn supplier(image: &SupplierImage, shown: &WholeSupplier) -> Vec<FieldDifference> {
    differing(&image.fields, shown)
}

pub(super) fn supplier_figures(image: &SupplierImage) -> Figures {
    let active = image.fields.get("status").and_then(Value::as_str) == Some("active");
    Figures { currency: None, status: if active { "active" } else { "inactive" }, sum: Decimal::ZERO }
}

pub(super) fn shown_supplier_figures(shown: &WholeSupplier) -> Figures {
    let active = shown.status.as_deref() == Some("active");
    Figures { currency: None, status: if active { "active" } else { "inactive" }, sum: Decimal::ZERO }
}

pub(crate) fn order(image: &OrderImage, shown: &Order) -> Vec<FieldDifference> {
    let (expected, there) = (order_status(image), shown_order_status(shown));
    let mut differences = Vec::new();
    if expected != there {
        differences.push(field("status", expected, there));
    }
    if expected == "cancelled" || there == "cancelled" {
        // What a cancelled order says no longer counts.
        return differences;
    }
    let mut body = image.header.clone();
    // Fixed when the order was made, and not shown by every Coupa.
    body.remove("type");
    let lines = order_lines(&Sent::new(), &image.lines);
    let without_number = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().map(|line| line.remove("line-num"));
        line
    };
    body.insert("order-lines".to_owned(), lines.values().map(without_number).collect());
    differences.extend(differing(&body, shown));
    let ours: BTreeSet<&str> = image.lines.iter().map(|line| line.id.0.as_str()).collect();
    for line in &shown.order_lines {
        let reference = line.external_reference_number.as_deref().unwrap_or_default();
        if !ours.contains(reference) {
            differences.push(field(
                "order-lines",
                "",
                format!("a line more: `{reference}` (Coupa {})", line.id),
            ));
        }
    }
    differences
}

const fn order_status(image: &OrderImage) -> &'static str {
    match image.state {
        OrderState::Open => "open",
        OrderState::Closed => "closed",
        OrderState::Cancelled => "cancelled",
    }
}

fn shown_order_status(shown: &Order) -> &'static str {
    match order::stage(shown) {
        OrderStage::Draft => "draft",
        OrderStage::Issued => "open",
        OrderStage::Closed => "closed",
        OrderStage::Cancelled => "cancelled",
    }
}

pub(super) fn order_figures(image: &OrderImage) -> Figures {
    let currency =
        image.header.get("currency").and_then(|currency| currency.get("code")).and_then(Value::as_str);
    let sum = image.lines.iter().map(|line| amount(&line.body)).fold(Decimal::ZERO, Decimal::saturating_add);
    Figures { currency: currency.map(str::to_owned), status: order_status(image), sum }
}

pub(super) fn shown_order_figures(shown: &Order) -> Figures {
    let amount = |line: &coupa::OrderLine| match (line.total, line.price, line.quantity) {
        (Some(total), ..) => total,
        (None, Some(price), Some(quantity)) => cents(price.saturating_mul(quantity)),
        (None, price, _) => price.unwrap_or_default(),
    };
    let sum = shown.order_lines.iter().map(amount).fold(Decimal::ZERO, Decimal::saturating_add);
    let currency = shown.currency.as_ref().and_then(|currency| currency.code.clone());
    Figures { currency, status: shown_order_status(shown), sum }
}

pub(super) fn invoice(image: &InvoiceImage, shown: &Invoice) -> Vec<FieldDifference> {
    let (expected, there) = (invoice_status(image), shown_invoice_status(shown));
    let mut differences = Vec::new();
    if expected != there {
        differences.push(field("status", expected, there));
    }
    if expected == "void" || there == "void" {
        return differences;
    }
    let mut body = invoice_fields(image);
    // People may write into the note as well; what counts of it is the mark, by which this invoice was found.
    body.remove("internal-note");
    if let Some(Value::Array(lines)) = body.get_mut("invoice-lines") {
        for (at, line) in lines.iter_mut().filter_map(Value::as_object_mut).enumerate() {
            line.insert("line-num".to_owned(), json!(at + 1));
        }
    }
    differences.extend(differing(&body, shown));
    if let Some(total) = shown_total(shown).filter(|total| *total != image.total) {
        differences.push(field(
            "total-with-taxes",
            image.total.normalize().to_string(),
            total.normalize().to_string(),
        ));
    }
    if shown.invoice_lines.len() > image.lines.len() {
        let count = |count: usize| format!("{count} lines");
        differences.push(field("invoice-lines", count(image.lines.len()), count(shown.invoice_lines.len())));
    }
    differences
}

const fn invoice_status(image: &InvoiceImage) -> &'static str {
    if image.cancelled { "void" } else { "posted" }
}

pub(super) fn shown_invoice_status(shown: &Invoice) -> &'static str {
    match invoice_found::stage(shown) {
        InvoiceStage::Draft => "draft",
        InvoiceStage::Submitted => "posted",
        InvoiceStage::Void => "void",
    }
}

pub(super) fn shown_total(shown: &Invoice) -> Option<Decimal> {
    shown.total_with_taxes.or(shown.gross_total)
}

pub(super) fn invoice_figures(image: &InvoiceImage) -> Figures {
    let currency =
        image.header.get("currency").and_then(|currency| currency.get("code")).and_then(Value::as_str);
    Figures { currency: currency.map(str::to_owned), status: invoice_status(image), sum: image.total }
}

pub(super) fn shown_invoice_figures(shown: &Invoice) -> Figures {
    let currency = shown.currency.as_ref().and_then(|currency| currency.code.clone());
    Figures { currency, status: shown_invoice_status(shown), sum: shown_total(shown).unwrap_or_default() }
}

/// What a line comes to as Coupa reckons it.
fn amount(line: &Sent) -> Decimal {
    let number =
        |name: &str| line.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Decimal>().ok());
    match (number("price"), number("quantity")) {
        (Some(price), Some(quantity)) => cents(price.saturating_mul(quantity)),
        (price, _) => price.unwrap_or_default(),
    }
}
