//! Prints the page of a made-up certificate, for a look at it: `cargo run -p certificate --example sample > sample.html`.

use certificate::{About, Certificate, Key};
use pipeline::reconcile::{Balance, Bucket, Difference, DifferenceKind, FieldDifference, ObjectBalance};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, error::Error, io::Write as _};

fn bucket(status: &str, currency: Option<&str>, count: u64, cents: i64) -> Bucket {
    let currency = currency.map(str::to_owned);
    Bucket { currency, status: status.to_owned(), count, sum: Decimal::new(cents, 2).normalize() }
}

fn difference(
    object: &str,
    number: &str,
    kind: DifferenceKind,
    values: Vec<FieldDifference>,
) -> Result<Difference, Box<dyn Error>> {
    Ok(Difference {
        object: object.to_owned(),
        supplier: "V10000".to_owned(),
        number: number.to_owned(),
        kind,
        fields: values.iter().map(|value| value.field.clone()).collect(),
        values,
        document: "SBODEMOUS/invoice/2301".parse()?,
        coupa_ids: vec![],
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let total = FieldDifference {
        field: "total-with-taxes".to_owned(),
        sap: "1190.00".to_owned(),
        coupa: "1109.00".to_owned(),
    };
    let suppliers = vec![bucket("active", None, 412, 0), bucket("inactive", None, 9, 0)];
    let sap = vec![
        bucket("posted", Some("EUR"), 1_204, 1_234_567_890),
        bucket("posted", Some("USD"), 17, 2_450_000),
        bucket("void", Some("EUR"), 3, 120_000),
    ];
    let mut coupa = sap.clone();
    coupa[0] = bucket("posted", Some("EUR"), 1_203, 1_234_440_890);
    let objects = BTreeMap::from([
        ("suppliers".to_owned(), ObjectBalance { sap: suppliers.clone(), coupa: suppliers, not_ours: 31 }),
        ("invoices".to_owned(), ObjectBalance { sap, coupa, not_ours: 208 }),
    ]);
    let differences = vec![
        difference("invoices", "100237", DifferenceKind::Missing, vec![])?,
        difference("invoices", "100240", DifferenceKind::Different, vec![total])?,
    ];
    let about = About {
        made_at: "2026-11-26T02:00:41Z".parse()?,
        company: "SBODEMOUS".to_owned(),
        service_layer: "https://sap.example.local:50000".to_owned(),
        coupa: "https://acme.coupahost.com".to_owned(),
        start_date: "2026-01-01".parse()?,
        days: None,
    };
    let balance = Balance { objects, differences, ..Balance::default() };
    let key = Key::read(&Key::text([7; 32]))?;
    let page = Certificate::new(balance, about).sign(&key)?.html()?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(())
}
