use crate::bases::Bases;
use crate::charges::{self, Expense};
use crate::context::Context;
use crate::file::Original;
use crate::lines::{self, Style};
use crate::sheet::Sheet;
use crate::subject::Subject;
use crate::tax;
use crate::totals::{self, Header, Settlement};
use crate::{InvoiceImage, LineImage, codes, fields, figures, numbers};
use jiff::civil::Date;
use model::{Code, Failure, ObjectKind, Sent};
use rust_decimal::Decimal;
use sap::entities::{Document, DocumentLine, RowStatus};
use serde_json::Value;

const NUMBER_LIMIT: usize = 40;

const fn style(sign: Decimal) -> Style {
    Style {
        quantity_line: "InvoiceQuantityLine",
        amount_line: "InvoiceAmountLine",
        description_limit: 1550,
        sign,
    }
}

/// What Coupa must show of an invoice or credit note.
pub fn invoice(
    context: &Context<'_>,
    kind: ObjectKind,
    document: &Document,
    bases: &Bases,
) -> Result<InvoiceImage, Failure> {
    let subject = Subject { kind, document };
    let number = invoice_number(context, kind, document)?;
    let date = invoice_date(subject)?;
    if document.card_code.is_empty() {
        return Err(subject.missing("CardCode"));
    }
    let sheet = Sheet::of(context, kind, document)?;
    let sign = if kind == ObjectKind::CreditNote { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    let style = style(sign);
    let header_amounts = Header::of(&sheet)?;
    let expenses = charges::expenses(&sheet)?;
    let on_expenses = figures::sum(expenses.iter().map(|expense| expense.tax));
    let on_expenses = on_expenses.ok_or_else(|| subject.too_large("the tax on additional expenses"))?;
    let taxes = tax::of_rows(&sheet, figures::cents(header_amounts.tax) - on_expenses)?;
    let settlement = totals::settle(context, &sheet, &header_amounts, &taxes, &expenses)?;

    let mut header = header(context, &sheet, (&number, date))?;
    header.insert("supplier-total".to_owned(), figures::json(settlement.total * sign));
    if kind == ObjectKind::CreditNote {
        credit_note_header(context, &sheet, bases, (&number, date), &mut header)?;
    }
    let lines = invoice_lines(context, &sheet, bases, &style, (&taxes, &settlement))?;
    let charges = invoice_charges(context, &sheet, &expenses, &settlement, sign)?;
    Ok(InvoiceImage {
        number,
        date,
        supplier: document.card_code.clone(),
        header,
        lines,
        charges,
        total: (settlement.total * sign).normalize(),
        mark: mark(context, subject),
        cancelled: document.is_cancelled() || document.is_cancellation(),
        closed: document.document_status == RowStatus::Closed,
    })
}

/// The number that an invoice or credit note has in Coupa.
pub fn invoice_number(
    context: &Context<'_>,
    kind: ObjectKind,
    document: &Document,
) -> Result<String, Failure> {
    numbers::number(context, Subject { kind, document }, NUMBER_LIMIT)
}

/// Whether a note holds the mark whole: `SAP DB/invoice/23` does not stand in `SAP DB/invoice/230`.
pub fn carries_mark(note: &str, mark: &str) -> bool {
    let ends = |text: &str| !text.starts_with(char::is_alphanumeric);
    note.match_indices(mark).any(|(at, _)| {
        let (before, rest) = note.split_at(at);
        !before.ends_with(char::is_alphanumeric) && rest.strip_prefix(mark).is_some_and(ends)
    })
}

fn mark(context: &Context<'_>, subject: Subject<'_>) -> String {
    format!("SAP {}/{}/{}", context.company, subject.kind.singular(), subject.document.doc_entry)
}

fn invoice_date(subject: Subject<'_>) -> Result<Date, Failure> {
    let document = subject.document;
    document.tax_date.or(document.doc_date).ok_or_else(|| subject.missing("TaxDate"))
}

fn header(context: &Context<'_>, sheet: &Sheet<'_>, (number, date): (&str, Date)) -> Result<Sent, Failure> {
    let document = sheet.document;
    let mut header = Sent::new();
    fields::set(&mut header, "invoice-number", number);
    fields::set(&mut header, "invoice-date", date.to_string());
    header.insert("line-level-taxation".to_owned(), Value::Bool(true));
    let mut note = mark(context, sheet.subject);
    let suppliers = document.num_at_card.trim();
    if !suppliers.is_empty() {
        note = format!("{note}, supplier's number {suppliers}");
    }
    fields::set(&mut header, "internal-note", note);
    let mut refer = |name: &str, key: &str, code: &str| {
        header.insert(name.to_owned(), fields::by(key, code));
    };
    refer("supplier", "number", &document.card_code);
    refer("currency", "code", &sheet.currency);
    if let Some(term) = codes::payment_term(context, document.payment_group_code, &sheet.subject)? {
        refer("payment-term", "code", &term);
    }
    let chart = &context.defaults.chart_of_accounts;
    if !chart.is_empty() {
        refer("account-type", "name", chart);
    }
    fields::custom_fields_of(context, sheet.subject.kind, document, &mut header);
    Ok(header)
}

fn credit_note_header(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    bases: &Bases,
    own: (&str, Date),
    header: &mut Sent,
) -> Result<(), Failure> {
    let lines: Vec<&DocumentLine> = sheet.rows.iter().map(|row| row.line).collect();
    let (number, date) = match bases.original(&lines) {
        Some(original) => {
            let base = Subject { kind: ObjectKind::Invoice, document: original };
            (invoice_number(context, ObjectKind::Invoice, original)?, invoice_date(base)?)
        }
        None if context.mapping.original == Original::Itself => (own.0.to_owned(), own.1),
        None => {
            let what = "none of its lines is based on an invoice; base it on one in SAP, or set original = \"self\" under [credit_notes]";
            return Err(sheet.subject.failure(Code::OriginalMissing, what));
        }
    };
    header.insert("is-credit-note".to_owned(), Value::Bool(true));
    fields::set(header, "original-invoice-number", number);
    fields::set(header, "original-invoice-date", date.to_string());
    Ok(())
}

fn invoice_lines(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    bases: &Bases,
    style: &Style,
    (taxes, settlement): (&[Decimal], &Settlement),
) -> Result<Vec<LineImage>, Failure> {
    let mut lines = Vec::with_capacity(sheet.rows.len() + settlement.lines.len());
    for (row, tax) in sheet.rows.iter().zip(taxes) {
        let mut body = lines::body(context, sheet, row, style)?;
        let id = sheet.line_id(row.line.line_num);
        let place = format!("{}: line {}", sheet.subject, row.position);
        let code = codes::tax_code(context, &row.line.tax_code, &row.line.vat_group, &place)?;
        if let Some(tax) = charges::tax_lines(*tax * style.sign, row.line.tax_percentage_per_row, code) {
            body.insert("tax-lines".to_owned(), tax);
        }
        lines.push(LineImage { id, body, draws_on: bases.order_line(row.line) });
    }
    for (difference, amount) in &settlement.lines {
        let (id, body) = lines::for_difference(context, sheet, *difference, *amount, style);
        lines.push(LineImage { id, body, draws_on: None });
    }
    Ok(lines)
}

fn invoice_charges(
    context: &Context<'_>,
    sheet: &Sheet<'_>,
    expenses: &[Expense<'_>],
    settlement: &Settlement,
    sign: Decimal,
) -> Result<Vec<Sent>, Failure> {
    let mut charges = Vec::with_capacity(expenses.len() + settlement.charges.len());
    for expense in expenses {
        charges.push(charges::charge(context, sheet, expense, sign)?);
    }
    for (difference, amount) in &settlement.charges {
        charges.push(charges::plain(sheet, charges.len() + 1, difference.title(), *amount * sign));
    }
    Ok(charges)
}
