//! Each row of the mapping table and each rule has its test here, over the public functions alone.

mod both_ways;
mod credit_notes;
mod files;
mod invoices;
mod lines;
mod matching;
mod members;
mod orders;
mod payments;
mod sources;
mod suppliers;
mod to_coupa;
mod to_sap;
mod totals;

use crate::*;
use jiff::civil::{Date, date};
use model::{CompanyDb, Failure, ObjectKind, Sent};
use rust_decimal::{Decimal, RoundingStrategy};
use sap::entities::Document;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A company with its mapping file and config.
struct World {
    company: CompanyDb,
    mapping: Mapping,
    defaults: CoupaDefaults,
    terms: BTreeMap<i64, String>,
    today: Date,
}

impl World {
    fn new() -> Self {
        Self::with("")
    }

    fn with(mapping: &str) -> Self {
        Self {
            company: CompanyDb("SBODEMOUS".to_owned()),
            mapping: Mapping::parse(mapping).unwrap(),
            defaults: CoupaDefaults {
                ship_to_user: "buyer@acme.example".to_owned(),
                ship_to_address: "MAIN".to_owned(),
                chart_of_accounts: "Main COA".to_owned(),
            },
            terms: BTreeMap::from([(2, "Net 14".to_owned()), (-1, "Cash Basic".to_owned())]),
            today: date(2026, 11, 2),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            company: &self.company,
            mapping: &self.mapping,
            defaults: &self.defaults,
            payment_terms: &self.terms,
            today: self.today,
        }
    }

    fn order(&self, document: &Value) -> Result<OrderImage, Failure> {
        order(&self.context(), &read(document))
    }

    fn invoice(&self, document: &Value) -> Result<InvoiceImage, Failure> {
        invoice(&self.context(), ObjectKind::Invoice, &read(document), &Bases::default())
    }

    fn credit_note(&self, document: &Value, bases: &Bases) -> Result<InvoiceImage, Failure> {
        invoice(&self.context(), ObjectKind::CreditNote, &read(document), bases)
    }
}

/// As SAP's JSON is read.
fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// `base` with some members set anew.
#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called with `json!`")]
fn with(base: &Value, members: Value) -> Value {
    let mut changed = base.clone();
    for (name, value) in members.as_object().unwrap() {
        changed[name] = value.clone();
    }
    changed
}

/// A document with one line of 10 printers at 25.50, 19 % tax.
fn printers() -> Value {
    json!({
        "DocEntry": 812, "DocNum": 400_812, "DocType": "dDocument_Items",
        "DocDate": "2026-11-02T00:00:00Z", "DocDueDate": "2026-11-16T00:00:00Z", "TaxDate": "2026-11-01",
        "CardCode": "V10000", "CardName": "Acme Associates", "NumAtCard": "A-77", "DocCurrency": "EUR",
        "DocTotal": 303.45, "VatSum": 48.45, "DocTotalFc": 0.0, "VatSumFc": 0.0,
        "PaymentGroupCode": 2, "Series": 11, "DocumentStatus": "bost_Open", "Cancelled": "tNO", "CancelStatus": "csNo",
        "DocumentLines": [printer_line()],
    })
}

fn printer_line() -> Value {
    json!({
        "LineNum": 0, "VisualOrder": 0, "ItemCode": "A00001", "ItemDescription": "Printer", "Quantity": 10.0,
        "Price": 25.5, "Currency": "EUR", "LineTotal": 255.0, "RowTotalFC": 0.0, "TaxTotal": 48.45, "VatGroup": "I19",
        "TaxPercentagePerRow": 19.0, "AccountCode": "140000", "CostingCode": "DEP10", "ProjectCode": "P01",
        "WarehouseCode": "01", "MeasureUnit": "pcs", "UoMCode": "Manual", "ShipDate": "2026-11-09",
        "BaseType": -1, "LineType": "dlt_Regular",
    })
}

/// `printers` with its line's members set anew.
fn with_line(members: Value) -> Value {
    with_lines(&[members])
}

/// A document whose lines are the printers' with some members set anew, numbered from 0.
fn with_lines(lines: &[Value]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(number, members)| {
            let numbered = with(&printer_line(), json!({ "LineNum": number, "VisualOrder": number }));
            with(&numbered, members.clone())
        })
        .collect();
    with(&printers(), json!({ "DocumentLines": lines }))
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What Coupa adds up: told apart from the code under test, as Coupa's documents say.
fn coupas_total(lines: &[LineImage], charges: &[Sent]) -> Decimal {
    let cents = |amount: Decimal| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let figure =
        |object: &Sent, name: &str| object.get(name).map_or(Decimal::ONE, |value| number(text(value)));
    let tax = |object: &Sent| -> Decimal {
        let lines = object.get("tax-lines").and_then(Value::as_array);
        lines.into_iter().flatten().map(|line| cents(number(text(&line["amount"])))).sum()
    };
    let lines = lines.iter().map(|line| &line.body).map(|line| {
        let is_quantity = text(&line["type"]).ends_with("QuantityLine");
        assert_eq!(is_quantity, line.contains_key("quantity"), "an amount line has no quantity");
        cents(figure(line, "price") * figure(line, "quantity")) + tax(line)
    });
    let charges = charges.iter().map(|charge| cents(figure(charge, "total")) + tax(charge));
    lines.chain(charges).sum()
}

/// The failure's number, and that its message holds each of `words`.
fn fails<T: std::fmt::Debug>(result: Result<T, Failure>, code: &str, words: &[&str]) {
    let failure = result.unwrap_err();
    assert_eq!(failure.code.number(), code, "{failure}");
    for word in words {
        assert!(failure.message.contains(word), "no `{word}` in: {}", failure.message);
    }
}

fn bases_of(invoices: &[Value]) -> Bases {
    let invoices = invoices.iter().map(read::<Document>);
    Bases { invoices: invoices.map(|invoice| (invoice.doc_entry, invoice)).collect(), ..Bases::default() }
}
