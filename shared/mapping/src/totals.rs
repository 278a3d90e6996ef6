//! Why a document's total isn't the sum of its lines, charges and taxes, and what becomes of each part of the
//! difference. The rule that nothing may break: what Coupa adds up is `DocTotal`, to the cent, or the document fails.

use crate::charges::Expense;
use crate::context::Context;
use crate::figures::{self, cents};
use crate::file::{Difference, Policy};
use crate::sheet::Sheet;
use model::{Code, Failure};
use rust_decimal::Decimal;
use std::fmt::Write as _;

/// What goes over besides SAP's own lines and expenses, unsigned.
#[derive(Default)]
pub(crate) struct Settlement {
    /// As amount lines.
    pub(crate) lines: Vec<(Difference, Decimal)>,
    /// As charges.
    pub(crate) charges: Vec<(Difference, Decimal)>,
    /// The document's total in whole cents.
    pub(crate) total: Decimal,
}

/// The header's amounts in the document's currency.
pub(crate) struct Header {
    total: Decimal,
    pub(crate) tax: Decimal,
    discount: Decimal,
    rounding: Decimal,
    withholding: Decimal,
    down_payment: Decimal,
}

impl Header {
    pub(crate) fn of(sheet: &Sheet<'_>) -> Result<Self, Failure> {
        let document = sheet.document;
        let discount = (document.total_discount, document.total_discount_fc);
        let rounding = (document.rounding_diff_amount, document.rounding_diff_amount_fc);
        let down_payment = (document.down_payment_amount, document.down_payment_amount_fc);
        Ok(Self {
            total: sheet.amount("DocTotal", document.doc_total, document.doc_total_fc)?,
            tax: sheet.amount("VatSum", document.vat_sum, document.vat_sum_fc)?,
            discount: sheet.amount("TotalDiscount", discount.0, discount.1)?,
            rounding: sheet.amount("RoundingDiffAmount", rounding.0, rounding.1)?,
            withholding: sheet.amount("WTAmount", document.wt_amount, document.wt_amount_fc)?,
            down_payment: sheet.amount("DownPaymentAmount", down_payment.0, down_payment.1)?,
        })
    }
}

/// Accounts for the whole difference, or fails.
pub(crate) fn settle(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    header: &Header,
    taxes: &[Decimal],
    expenses: &[Expense<'_>],
) -> Result<Settlement, Failure> {
    let too_large = || sheet.subject.too_large("the sum of lines, expenses and tax");
    let expense_amounts = expenses.iter().map(|expense| expense.amount);
    let explained = [sheet.net()?, header.tax, -header.discount, header.rounding];
    let explained = figures::sum(explained.into_iter().chain(expense_amounts)).ok_or_else(too_large)?;
    let (withholding, down_payment) = taken_off(header.total - explained, header);
    let left = header.total - (explained - withholding - down_payment);
    if !cents(left).is_zero() {
        return Err(unexplained(sheet, header, explained, left));
    }

    let taxes_sent = taxes.iter().copied().chain(expenses.iter().map(|expense| expense.tax));
    let taxes_sent = figures::sum(taxes_sent).ok_or_else(too_large)?;
    let charges_sent =
        figures::sum(expenses.iter().map(|expense| cents(expense.amount))).ok_or_else(too_large)?;
    let total = cents(header.total);
    let mut differences = vec![
        (Difference::Discount, -cents(header.discount)),
        (Difference::TaxRounding, cents(header.tax) - taxes_sent),
        (Difference::Withholding, -cents(withholding)),
        (Difference::DownPayment, -cents(down_payment)),
    ];
    // SAP's own rounding, what Coupa's multiplication makes of the lines, and parts of cents: all that is left.
    let accounted = differences.iter().map(|(_, amount)| *amount);
    let accounted = figures::sum(accounted.chain([sheet.net_in_coupa()?, charges_sent, taxes_sent]));
    differences.push((Difference::Rounding, total - accounted.ok_or_else(too_large)?));
    differences.retain(|(_, amount)| !amount.is_zero());
    differences.sort_by_key(|(difference, _)| *difference);
    distribute(context, sheet, differences, total)
}

/// How much withholding tax and down payments take off the total. Whether they do depends on SAP's localization and
/// on whether tax is withheld with the invoice or with the payment: the total shows it.
fn taken_off(gap: Decimal, header: &Header) -> (Decimal, Decimal) {
    let (withholding, down_payment) = (header.withholding, header.down_payment);
    let ways = [
        (Decimal::ZERO, Decimal::ZERO),
        (withholding, Decimal::ZERO),
        (Decimal::ZERO, down_payment),
        (withholding, down_payment),
    ];
    let fits = |(withholding, down_payment): &(Decimal, Decimal)| {
        cents(gap + *withholding + *down_payment).is_zero()
    };
    ways.into_iter().find(fits).unwrap_or_default()
}

fn unexplained(sheet: &Sheet<'_>, header: &Header, explained: Decimal, left: Decimal) -> Failure {
    let text = figures::text;
    let mut what = format!(
        "DocTotal is {}, but lines, expenses, tax {}, discount {} and rounding {} come to {}: {} can't be explained",
        text(header.total),
        text(header.tax),
        text(-header.discount),
        text(header.rounding),
        text(explained),
        text(left),
    );
    for (name, amount) in [("withholding tax", header.withholding), ("down payments", header.down_payment)] {
        if !amount.is_zero() {
            // Writing to a string can't fail.
            let _ = write!(what, ", nor by {name} of {}", text(amount));
        }
    }
    sheet.subject.failure(Code::TotalsDiffer, what)
}

fn distribute(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    differences: Vec<(Difference, Decimal)>,
    total: Decimal,
) -> Result<Settlement, Failure> {
    let mut settlement = Settlement { total, ..Settlement::default() };
    let mut failing = Vec::new();
    for (difference, amount) in differences {
        match context.mapping.policy(difference) {
            Policy::Line => settlement.lines.push((difference, amount)),
            Policy::Charge => settlement.charges.push((difference, amount)),
            Policy::Fail => failing.push(format!("{} of {}", difference.name(), figures::text(amount))),
        }
    }
    if failing.is_empty() {
        return Ok(settlement);
    }
    let what = format!(
        "DocTotal is {}, which includes {}; allow it as \"line\" or \"charge\" under [differences], or correct it in SAP",
        figures::text(total),
        failing.join(" and "),
    );
    Err(sheet.subject.failure(Code::TotalsDiffer, what))
}
