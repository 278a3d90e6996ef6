//! Totals to the cent, of invoices of every kind, and credit notes, which are the same with the sign turned.

use crate::world::{World, document, line, supplier};
use jiff::civil::date;
use mapping::Mapping;
use model::{AuditOutcome, Code, ObjectKind};
use rust_decimal::Decimal;
use simulators::{
    coupa::Invoice,
    sap::{DocumentKind, DocumentSpec, ExpenseSpec, LineSpec},
};

fn world() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Documents whose totals are made in every way that SAP knows.
fn specs() -> Vec<(&'static str, DocumentSpec)> {
    let discounted = LineSpec { discount_percent: amount("12.5"), ..line("A1", 7, "3.3333") };
    let plain = document("V1", vec![discounted.clone(), line("A2", 3, "9.99")]);
    let freight = ExpenseSpec { net: amount("17.35"), ..ExpenseSpec::default() };
    let service = LineSpec {
        unit_price: Some(amount("1234.56")),
        account_code: "640000".to_owned(),
        vat_group: "I7".to_owned(),
        ..LineSpec::default()
    };
    vec![
        ("item lines with discounts", plain.clone()),
        ("header discount", DocumentSpec { discount_percent: amount("3.7"), ..plain.clone() }),
        (
            "freight with tax",
            DocumentSpec {
                expenses: vec![
                    freight.clone(),
                    ExpenseSpec { vat_group: "I0".to_owned(), ..freight.clone() },
                ],
                ..plain.clone()
            },
        ),
        ("rounding", DocumentSpec { rounding: amount("-0.02"), ..plain.clone() }),
        (
            "foreign currency",
            DocumentSpec {
                currency: "USD".to_owned(),
                rate: amount("0.9137"),
                discount_percent: amount("2.5"),
                expenses: vec![freight],
                rounding: amount("0.03"),
                ..plain
            },
        ),
        ("service", DocumentSpec { service: true, lines: vec![service], ..document("V1", vec![]) }),
        (
            "a price of many places",
            document("V1", vec![line("A1", 3000, "0.012345"), line("A2", 7, "0.333333")]),
        ),
    ]
}

fn held(world: &World, number: &str) -> Invoice {
    world.coupa.invoice("V1", number).unwrap()
}

#[tokio::test]
async fn the_total_of_every_invoice_and_credit_note_is_saps_to_the_cent() {
    let world = world();
    let mut invoices = Vec::new();
    let mut credit_notes = Vec::new();
    for (name, spec) in specs() {
        let entry = world.sap.add_invoice(spec.clone()).unwrap();
        // Half of them are copied from their invoice, the others name themselves.
        let base = if entry % 2 == 0 {
            world
                .sap
                .copy(
                    DocumentKind::Invoice,
                    entry,
                    DocumentKind::CreditNote,
                    DocumentSpec { lines: vec![], ..spec },
                )
                .unwrap()
        } else {
            world.sap.add_credit_note(spec).unwrap()
        };
        invoices.push((name, entry));
        credit_notes.push((name, base));
    }
    let own = Mapping::parse("[credit_notes]\noriginal = \"self\"").unwrap();
    world.settle(&world.worker_with("one", world.settings(), own)).await;
    for (name, entry) in invoices {
        let sap = world.sap.document(DocumentKind::Invoice, entry).unwrap();
        let coupa = held(&world, &sap.number.to_string());
        assert_eq!(coupa.total, sap.total.in_document(sap.is_foreign), "{name}");
        assert_eq!(
            (coupa.currency.as_deref(), coupa.status.as_str()),
            (Some(sap.currency.as_str()), "approved"),
            "{name}"
        );
        let kind = if sap.service { "InvoiceAmountLine" } else { "InvoiceQuantityLine" };
        assert_eq!(coupa.lines[0].line_type, kind, "{name}");
        assert_eq!(coupa.charges.len(), sap.expenses.len(), "{name}");
    }
    for (name, entry) in credit_notes {
        let sap = world.sap.document(DocumentKind::CreditNote, entry).unwrap();
        let coupa = held(&world, &format!("CN-{}", sap.number));
        assert_eq!(coupa.total, -sap.total.in_document(sap.is_foreign), "{name}");
        assert!(coupa.is_credit_note && coupa.status == "approved", "{name}");
    }
    world.assert_clean();
}

#[tokio::test]
async fn the_lines_of_every_order_come_to_saps_sum() {
    let world = world();
    let mut orders = Vec::new();
    for (name, spec) in specs() {
        orders.push((name, world.sap.add_purchase_order(spec).unwrap()));
    }
    world.settle(&world.worker("one")).await;
    for (name, entry) in orders {
        let sap = world.sap.document(DocumentKind::Order, entry).unwrap();
        let net: Decimal = sap.lines.iter().map(|line| line.net.in_document(sap.is_foreign)).sum();
        let coupa = world.coupa.order_by_number(&sap.number.to_string()).expect(name);
        assert_eq!((coupa.total, coupa.currency), (net, Some(sap.currency)), "{name}");
    }
    world.assert_clean();
}

#[tokio::test]
async fn a_credit_note_names_the_invoice_that_it_takes_back() {
    let world = world();
    let dated = DocumentSpec { date: Some(date(2026, 10, 5)), ..document("V1", vec![line("A1", 2, "100")]) };
    let invoice = world.sap.add_invoice(dated).unwrap();
    let credit_note = world
        .sap
        .copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, document("V1", vec![]))
        .unwrap();
    world.settle(&world.worker("one")).await;
    let number = world.sap.document(DocumentKind::Invoice, invoice).unwrap().number.to_string();
    let coupa = held(
        &world,
        &format!("CN-{}", world.sap.document(DocumentKind::CreditNote, credit_note).unwrap().number),
    );
    assert_eq!((coupa.original_number, coupa.original_date), (Some(number), Some(date(2026, 10, 5))));
    assert!(coupa.lines.iter().all(|line| line.total.is_sign_negative() && line.order_line_id.is_none()));
    world.assert_clean();
}

#[tokio::test]
async fn without_a_base_it_fails_with_its_own_code_or_names_itself() {
    let world = world();
    let entry = world.sap.add_credit_note(document("V1", vec![line("A1", 2, "100")])).unwrap();
    world.settle(&world.worker("one")).await;
    let key = world.key(ObjectKind::CreditNote, entry);
    let failed = world.last(&key).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::OriginalMissing)));
    let own = Mapping::parse("[credit_notes]\noriginal = \"self\"").unwrap();
    world.redrive(&world.worker_with("two", world.settings(), own), &key).await;
    let sap = world.sap.document(DocumentKind::CreditNote, entry).unwrap();
    let number = format!("CN-{}", sap.number);
    let coupa = held(&world, &number);
    assert_eq!((coupa.original_number, coupa.original_date), (Some(number), Some(sap.tax_date)));
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_credit_note_is_voided() {
    let world = world();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap();
    let entry = world
        .sap
        .copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, document("V1", vec![]))
        .unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    world.sap.cancel(DocumentKind::CreditNote, entry).unwrap();
    world.settle(&worker).await;
    let number = world.sap.document(DocumentKind::CreditNote, entry).unwrap().number;
    assert_eq!(held(&world, &format!("CN-{number}")).status, "voided");
    assert_eq!(world.coupa.invoices().len(), 2, "the document that cancels it has no place in Coupa");
    world.assert_clean();
}
