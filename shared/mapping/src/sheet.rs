//! A document's figures in the currency it is in, line by line, as Coupa will add them up.

use crate::context::Context;
use crate::figures;
use crate::subject::Subject;
use model::{Failure, LineId, ObjectKind};
use rust_decimal::Decimal;
use sap::entities::{Document, DocumentLine};

/// Whether a document is in a foreign currency: then its amounts are the ones with `Fc`, which otherwise are all 0.
pub(crate) fn is_foreign(document: &Document) -> bool {
    let header = [
        document.doc_total_fc,
        document.vat_sum_fc,
        document.total_discount_fc,
        document.rounding_diff_amount_fc,
        document.wt_amount_fc,
        document.down_payment_amount_fc,
    ];
    let lines = document.document_lines.iter().flat_map(|line| [line.row_total_fc, line.net_tax_amount_fc]);
    let expenses = document.document_additional_expenses.iter();
    let expenses = expenses.flat_map(|expense| [expense.line_total_fc, expense.tax_sum_fc]);
    header.into_iter().chain(lines).chain(expenses).any(|amount| !amount.is_zero())
}

/// What kind of line a row becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Quantity { quantity: Decimal, price: Decimal },
    Amount,
}

/// A row with its figures.
pub(crate) struct Row<'a> {
    pub(crate) line: &'a DocumentLine,
    /// Its place in visual order, from 1.
    pub(crate) position: usize,
    /// Net, in the document's currency.
    pub(crate) amount: Decimal,
    pub(crate) shape: Shape,
    /// What Coupa will make of it.
    pub(crate) total: Decimal,
}

/// A document's rows and the currency they are in.
pub(crate) struct Sheet<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) document: &'a Document,
    pub(crate) foreign: bool,
    /// Coupa's code of it.
    pub(crate) currency: String,
    pub(crate) rows: Vec<Row<'a>>,
    line_prefix: String,
}

impl<'a> Sheet<'a> {
    pub(crate) fn of(
        context: &Context<'_>,
        kind: ObjectKind,
        document: &'a Document,
    ) -> Result<Self, Failure> {
        let subject = Subject { kind, document };
        let foreign = is_foreign(document);
        let lines = real_lines(document);
        if lines.is_empty() {
            return Err(subject.missing("DocumentLines"));
        }
        let rows = lines.into_iter().enumerate();
        let rows = rows.map(|(index, line)| row(subject, foreign, index + 1, line));
        Ok(Self {
            subject,
            document,
            foreign,
            currency: crate::codes::currency(context, subject)?,
            rows: rows.collect::<Result<_, _>>()?,
            line_prefix: format!("{}/{}", context.company, document.doc_entry),
        })
    }

    /// The name of a row, or of a line of our own making.
    pub(crate) fn line_id(&self, line: impl std::fmt::Display) -> LineId {
        LineId(format!("{}/{line}", self.line_prefix))
    }

    /// A header amount, by its name in local currency.
    pub(crate) fn amount(&self, member: &str, local: Decimal, foreign: Decimal) -> Result<Decimal, Failure> {
        let amount = if self.foreign { foreign } else { local };
        let suffix = if self.foreign { " in foreign currency" } else { "" };
        self.subject.exact(format_args!("{member}{suffix}"), amount)
    }

    /// What the rows come to in SAP.
    pub(crate) fn net(&self) -> Result<Decimal, Failure> {
        let net = figures::sum(self.rows.iter().map(|row| row.amount));
        net.ok_or_else(|| self.subject.too_large("the sum of the lines"))
    }

    /// What the rows come to in Coupa.
    pub(crate) fn net_in_coupa(&self) -> Result<Decimal, Failure> {
        let net = figures::sum(self.rows.iter().map(|row| row.total));
        net.ok_or_else(|| self.subject.too_large("the sum of the lines"))
    }
}

/// The lines in visual order, without texts and subtotals that book nothing.
fn real_lines(document: &Document) -> Vec<&DocumentLine> {
    let books = |line: &&DocumentLine| {
        matches!(line.line_type.as_str(), "" | "dlt_Regular" | "R")
            || !line.item_code.is_empty()
            || [line.line_total, line.row_total_fc, line.quantity, line.tax_total]
                .iter()
                .any(|figure| !figure.is_zero())
    };
    let mut lines: Vec<&DocumentLine> = document.document_lines.iter().filter(books).collect();
    lines.sort_by_key(|line| (line.visual_order.unwrap_or(line.line_num), line.line_num));
    lines
}

fn row<'a>(
    subject: Subject<'_>,
    foreign: bool,
    position: usize,
    line: &'a DocumentLine,
) -> Result<Row<'a>, Failure> {
    let (member, amount) =
        if foreign { ("RowTotalFC", line.row_total_fc) } else { ("LineTotal", line.line_total) };
    let amount = subject.exact(format_args!("line {position}: {member}"), amount)?;
    let quantity = subject.exact(format_args!("line {position}: Quantity"), line.quantity)?;
    if subject.document.is_service() || quantity.is_zero() {
        return Ok(Row { line, position, amount, shape: Shape::Amount, total: figures::cents(amount) });
    }
    let too_large = || subject.too_large(&format!("line {position}: Price times Quantity"));
    let price = if has_price_of_document(subject.document, line) {
        subject.exact(format_args!("line {position}: Price"), line.price)?
    } else {
        figures::per_unit(amount, quantity).ok_or_else(too_large)?
    };
    let total = figures::line_total(price, quantity).ok_or_else(too_large)?;
    Ok(Row { line, position, amount, shape: Shape::Quantity { quantity, price }, total })
}

/// A line can be priced in a currency of its own, and a price can be missing where the total was typed in.
fn has_price_of_document(document: &Document, line: &DocumentLine) -> bool {
    let same_currency = line.currency.is_empty() || line.currency == document.doc_currency;
    same_currency && !line.price.is_zero()
}
