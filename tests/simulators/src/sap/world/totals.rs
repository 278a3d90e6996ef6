//! What SAP works out by itself when a document is entered.

use super::super::entities::round;
use super::super::entities::{Amounts, Document};
use rust_decimal::Decimal;

/// Works out prices, nets, taxes and totals from quantities, prices, rates and discounts.
pub(crate) fn compute(document: &mut Document) {
    let rate = document.rate;
    let foreign = document.is_foreign;
    let amounts = |in_document: Decimal| {
        if foreign {
            Amounts { local: round(in_document * rate), foreign: in_document }
        } else {
            Amounts { local: in_document, foreign: Decimal::ZERO }
        }
    };
    let mut net = Amounts::default();
    let mut tax = Amounts::default();
    for line in &mut document.lines {
        line.price = (line.unit_price * remaining(line.discount_percent)).round_dp(6);
        let quantity = if document.service { Decimal::ONE } else { line.quantity };
        let line_net = round(quantity * line.price);
        line.net = amounts(line_net);
        // The header discount lowers what is taxed, line by line.
        let taxable = line_net * remaining(document.discount_percent);
        line.tax = amounts(round(taxable * percent(line.tax_rate)));
        net = net.plus(line.net);
        tax = tax.plus(line.tax);
    }
    document.discount = amounts(round(net.in_document(foreign) * percent(document.discount_percent)));
    let taxable = net.minus(document.discount);
    let mut total = taxable;
    for expense in &mut document.expenses {
        let expense_net = expense.net.in_document(foreign);
        expense.net = amounts(expense_net);
        expense.tax = amounts(round(expense_net * percent(expense.tax_rate)));
        total = total.plus(expense.net);
        tax = tax.plus(expense.tax);
    }
    document.tax = tax;
    document.rounding = amounts(document.rounding.in_document(foreign));
    document.down_payment = amounts(document.down_payment.in_document(foreign));
    total = total.plus(tax).plus(document.rounding).minus(document.down_payment);
    if let Some(withholding) = &mut document.withholding {
        withholding.taxable = taxable;
        withholding.amount = amounts(round(taxable.in_document(foreign) * percent(withholding.rate)));
        total = total.minus(withholding.amount);
    }
    document.total = total;
}

fn percent(rate: Decimal) -> Decimal {
    rate / Decimal::ONE_HUNDRED
}

fn remaining(discount_percent: Decimal) -> Decimal {
    Decimal::ONE - percent(discount_percent)
}
