//! Additional expenses, such as freight, as charges.

use crate::context::Context;
use crate::figures::{self, cents};
use crate::sheet::Sheet;
use crate::text::cut;
use crate::{codes, fields};
use model::{Failure, Sent};
use rust_decimal::Decimal;
use sap::entities::AdditionalExpense;
use serde_json::{Value, json};

const DESCRIPTION_LIMIT: usize = 1550;

/// An additional expense in the document's currency.
pub(crate) struct Expense<'a> {
    row: &'a AdditionalExpense,
    /// Its place among those that aren't zero, from 1.
    position: usize,
    /// As SAP has it.
    pub(crate) amount: Decimal,
    /// In whole cents.
    pub(crate) tax: Decimal,
}

/// The expenses that aren't zero.
pub(crate) fn expenses<'a>(sheet: &Sheet<'a>) -> Result<Vec<Expense<'a>>, Failure> {
    let mut expenses = Vec::new();
    for (index, row) in sheet.document.document_additional_expenses.iter().enumerate() {
        let place = |member| format!("additional expense {}: {member}", index + 1);
        let amount = sheet.amount(&place("LineTotal"), row.line_total, row.line_total_fc)?;
        let tax = cents(sheet.amount(&place("TaxSum"), row.tax_sum, row.tax_sum_fc)?);
        if !amount.is_zero() || !tax.is_zero() {
            expenses.push(Expense { row, position: expenses.len() + 1, amount, tax });
        }
    }
    Ok(expenses)
}

/// An expense's charge.
pub(crate) fn charge(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    expense: &Expense<'_>,
    sign: Decimal,
) -> Result<Sent, Failure> {
    let Expense { row, position, amount, tax } = expense;
    let description = match (cut(&row.remarks, DESCRIPTION_LIMIT), row.expense_code) {
        ("", Some(code)) => format!("Additional expense {code}"),
        ("", None) => "Additional expense".to_owned(),
        (remarks, _) => remarks.to_owned(),
    };
    let mut charge = plain(sheet, *position, &description, cents(*amount) * sign);
    let place = format!("{}: additional expense {position}", sheet.subject);
    let code = codes::tax_code(context, &row.tax_code, &row.vat_group, &place)?;
    if let Some(tax_lines) = tax_lines(*tax * sign, row.tax_percent, code) {
        charge.insert("tax-lines".to_owned(), tax_lines);
    }
    Ok(charge)
}

/// A charge without tax.
pub(crate) fn plain(sheet: &Sheet<'_>, position: usize, description: &str, total: Decimal) -> Sent {
    let mut charge = Sent::new();
    fields::set(&mut charge, "type", "InvoiceMiscCharge");
    fields::set(&mut charge, "description", description);
    charge.insert("line-num".to_owned(), json!(position));
    charge.insert("total".to_owned(), figures::json(total));
    charge.insert("currency".to_owned(), fields::by("code", &sheet.currency));
    charge
}

/// The tax of a line or charge; nothing where there is neither tax nor code.
pub(crate) fn tax_lines(amount: Decimal, rate: Option<Decimal>, code: Option<String>) -> Option<Value> {
    if amount.is_zero() && code.is_none() {
        return None;
    }
    let mut tax_line = Sent::new();
    fields::set(&mut tax_line, "type", "TaxLine");
    tax_line.insert("amount".to_owned(), figures::json(amount));
    if let Some(rate) = rate {
        tax_line.insert("rate".to_owned(), figures::json(rate));
    }
    if let Some(code) = code {
        tax_line.insert("tax-code".to_owned(), fields::by("code", code));
    }
    Some(Value::Array(vec![Value::Object(tax_line)]))
}
