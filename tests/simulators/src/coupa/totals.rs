//! What an invoice comes to, as Coupa computes it.

use super::record::{Field, Record};
use super::values::round;
use rust_decimal::Decimal;

/// Price times quantity; the price alone for an amount line.
pub(crate) fn line_total(line: &Record) -> Decimal {
    let price = line.decimal("price").unwrap_or_default();
    match line.text("type") {
        Some("InvoiceAmountLine") => round(price, 2),
        _ => round(price.checked_mul(line.decimal("quantity").unwrap_or_default()).unwrap_or_default(), 2),
    }
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(sum))
}

fn tax_of(part: &Record) -> Decimal {
    if part.list("tax-lines").is_empty() {
        return part.decimal("tax-amount").unwrap_or_default();
    }
    sum(part.list("tax-lines").iter().filter_map(|line| line.decimal("amount")))
}

/// Writes an invoice's totals into it.
pub(crate) fn settle(invoice: &mut Record) {
    let lines = sum(invoice.list("invoice-lines").iter().filter_map(|line| line.decimal("total")));
    let charges = sum(invoice.list("invoice-charges").iter().filter_map(|charge| charge.decimal("total")));
    let amounts = ["shipping-amount", "handling-amount", "misc-amount"];
    let header = sum(amounts.iter().filter_map(|name| invoice.decimal(name)));
    let tax = if invoice.flag("line-level-taxation") {
        let parts = invoice.list("invoice-lines").iter().chain(invoice.list("invoice-charges"));
        sum(parts.map(tax_of))
    } else {
        tax_of(invoice)
    };
    let total = Field::Decimal(round(sum([lines, charges, header, tax].into_iter()), 2));
    invoice.set("total-with-taxes", total.clone());
    invoice.set("gross-total", total);
    let count = invoice.list("invoice-lines").len().to_string();
    invoice.set_text("line-count", &count);
}
