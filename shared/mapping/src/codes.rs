//! SAP's codes and what Coupa calls the same things.

use crate::context::Context;
use crate::file::Table;
use crate::subject::Subject;
use model::{Code, Failure};
use sap::entities::DocumentLine;
use std::fmt;

/// Coupa's code for SAP's: by the table, or as it is where the table lets it pass.
fn code(
    context: &Context<'_>,
    table: Table,
    code: &str,
    place: &dyn fmt::Display,
) -> Result<String, Failure> {
    let codes = context.mapping.table(table);
    match codes.get(code) {
        Some(code) => Ok(code.to_owned()),
        None if codes.fails_on_missing() => Err(not_mapped(table, code, place)),
        None => Ok(code.to_owned()),
    }
}

fn not_mapped(table: Table, code: &str, place: &dyn fmt::Display) -> Failure {
    let table = table.name();
    Failure::new(
        Code::CodeNotMapped,
        format!(
            "{place}: \"{code}\" has no entry under [{table}]; add \"{code}\" = \"…\" in the mapping file"
        ),
    )
}

/// The document's currency, which must be an ISO code once it is mapped.
pub(crate) fn currency(context: &Context<'_>, subject: Subject<'_>) -> Result<String, Failure> {
    let symbol = subject.document.doc_currency.trim();
    if symbol.is_empty() {
        return Err(subject.missing("DocCurrency"));
    }
    let place = format!("{subject}: DocCurrency");
    let currency = code(context, Table::Currencies, symbol, &place)?;
    if currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(currency);
    }
    let what = format!(
        "DocCurrency \"{symbol}\" becomes \"{currency}\", which is no ISO code; map it under [currencies]"
    );
    Err(subject.failure(Code::CurrencyUnknown, what))
}

/// The payment term: by SAP's number or its name, else the name, else the number. SAP's -1 is its own cash term, which
/// means nothing elsewhere unless it is named.
pub(crate) fn payment_term(
    context: &Context<'_>,
    number: Option<i64>,
    place: &dyn fmt::Display,
) -> Result<Option<String>, Failure> {
    let Some(number) = number else { return Ok(None) };
    let name = context.payment_terms.get(&number).map(String::as_str).filter(|name| !name.is_empty());
    let codes = context.mapping.table(Table::PaymentTerms);
    let text = number.to_string();
    if let Some(code) = codes.get(&text).or_else(|| codes.get(name?)) {
        return Ok(Some(code.to_owned()));
    }
    match name {
        None if number == -1 => Ok(None),
        name if codes.fails_on_missing() => {
            Err(not_mapped(Table::PaymentTerms, name.unwrap_or(&text), place))
        }
        name => Ok(Some(name.unwrap_or(&text).to_owned())),
    }
}

/// The unit a line is counted in: a line without a unit of SAP's own list says `Manual` and names it in a free text.
pub(crate) fn unit(
    context: &Context<'_>,
    line: &DocumentLine,
    place: &dyn fmt::Display,
) -> Result<Option<String>, Failure> {
    let listed = Some(line.uom_code.trim()).filter(|unit| !unit.is_empty() && *unit != "Manual");
    let unit = listed.unwrap_or(line.measure_unit.trim());
    if unit.is_empty() { Ok(None) } else { code(context, Table::Units, unit, place).map(Some) }
}

/// The tax code, under whichever of its two names SAP's localization uses.
pub(crate) fn tax_code(
    context: &Context<'_>,
    tax_code: &str,
    vat_group: &str,
    place: &dyn fmt::Display,
) -> Result<Option<String>, Failure> {
    let own = if tax_code.trim().is_empty() { vat_group.trim() } else { tax_code.trim() };
    if own.is_empty() { Ok(None) } else { code(context, Table::TaxCodes, own, place).map(Some) }
}

/// The location code of a warehouse; the config's where there is no entry.
pub(crate) fn ship_to(
    context: &Context<'_>,
    subject: Subject<'_>,
    warehouse: &str,
) -> Result<String, Failure> {
    let warehouse = warehouse.trim();
    let codes = context.mapping.table(Table::ShipTo);
    match codes.get(warehouse) {
        Some(code) => Ok(code.to_owned()),
        None if codes.fails_on_missing() && !warehouse.is_empty() => {
            Err(not_mapped(Table::ShipTo, warehouse, &format!("{subject}: WarehouseCode of the first line")))
        }
        None => Ok(context.defaults.ship_to_address.clone()),
    }
}
