//! Whose document is it: nothing is written to what isn't ours, and no two documents of SAP's become one.

use crate::world::{World, document, line, supplier};
use mapping::Mapping;
use model::{AuditOutcome, Code, ObjectKind};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulators::{
    coupa::Kind,
    sap::{DocumentKind, DocumentSpec},
};

/// A world with one supplier, in Coupa already.
async fn world() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world.settle(&world.worker("first")).await;
    world
}

fn by_number(object: &str) -> Mapping {
    Mapping::parse(&format!("[adopt]\n{object} = \"by_number\"")).unwrap()
}

/// An order of the customer's own.
fn their_order(number: &str) -> Value {
    let line = |number: &str, price: &str| {
        json!({
            "type": "OrderQuantityLine", "line-num": number, "description": "Theirs", "price": price, "quantity": "1",
            "uom": {"code": "pcs"}, "currency": {"code": "EUR"},
            "account": {"code": "140000", "segment-1": "140000", "account-type": {"name": "Main COA"}},
        })
    };
    json!({
        "type": "ExternalOrderHeader", "po-number": number, "supplier": {"number": "V1"}, "currency": {"code": "EUR"},
        "ship-to-user": {"email": "buyer@acme.example"}, "ship-to-address": {"location-code": "01"},
        "order-lines": [line("4", "1"), line("7", "2"), line("9", "3")],
    })
}

/// An invoice of the customer's own, a draft.
pub fn their_invoice(number: &str, price: &str) -> Value {
    let tax = (price.parse::<Decimal>().unwrap() * Decimal::new(19, 2)).to_string();
    json!({
        "invoice-number": number, "invoice-date": "2026-11-01", "supplier": {"number": "V1"}, "currency": {"code": "EUR"},
        "account-type": {"name": "Main COA"}, "line-level-taxation": true, "internal-note": "typed in by Joe",
        "invoice-lines": [{
            "type": "InvoiceQuantityLine", "line-num": 1, "description": "Theirs", "price": price, "quantity": "1",
            "account": {"code": "140000", "segment-1": "140000", "account-type": {"name": "Main COA"}},
            "tax-lines": [{"type": "TaxLine", "amount": tax}],
        }],
    })
}

#[tokio::test]
async fn an_order_of_the_customers_own_is_never_touched() {
    let world = world().await;
    let theirs = world.coupa.enter(Kind::OrderHeader, their_order("400001")).unwrap();
    let before = world.coupa.json(Kind::OrderHeader, theirs);
    let entry = world.sap.add_purchase_order(document("V1", vec![line("A1", 10, "25.5")])).unwrap();
    assert_eq!(world.sap.document(DocumentKind::Order, entry).unwrap().number, 400_001);
    let worker = world.worker("one");
    world.settle(&worker).await;
    let key = world.key(ObjectKind::PurchaseOrder, entry);
    let failed = world.last(&key).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::NotOurs)));
    for name in [key.to_string(), "`400001`".to_owned(), format!("Coupa order {theirs}")] {
        assert!(failed.message.contains(&name), "{}", failed.message);
    }
    // Nor is it closed or cancelled when ours is.
    world.sap.close_order(entry).unwrap();
    world.settle(&worker).await;
    assert_eq!(world.coupa.json(Kind::OrderHeader, theirs), before);

    // Until somebody says that it is ours.
    world.redrive(&world.worker_with("two", world.settings(), by_number("purchase_orders")), &key).await;
    let held = world.coupa.order_by_number("400001").unwrap();
    assert_eq!((held.id, held.lines.len(), held.total), (theirs, 1, Decimal::from(255)));
    assert_eq!(held.lines[0].line_num, "4", "a line's number never changes");
    assert_eq!((held.status.as_str(), held.deleted_lines), ("soft_closed", 2));
    world.assert_clean();
}

#[tokio::test]
async fn a_cancelled_order_of_ours_does_nothing_to_theirs() {
    let world = world().await;
    let theirs = world.coupa.enter(Kind::OrderHeader, their_order("400001")).unwrap();
    let before = world.coupa.json(Kind::OrderHeader, theirs);
    let entry = world.sap.add_purchase_order(document("V1", vec![line("A1", 10, "25.5")])).unwrap();
    world.sap.cancel(DocumentKind::Order, entry).unwrap();
    world.settle(&world.worker_with("one", world.settings(), by_number("purchase_orders"))).await;
    assert_eq!(
        world.last(&world.key(ObjectKind::PurchaseOrder, entry)).await.outcome,
        AuditOutcome::NotApplicable
    );
    assert_eq!(world.coupa.json(Kind::OrderHeader, theirs), before);
    world.assert_clean();
}

#[tokio::test]
async fn an_invoice_of_the_customers_own_is_never_touched() {
    // Their draft is made right before it is submitted; what they submitted is right or it is not taken over.
    for (status, price, becomes) in
        [("draft", "11", None), ("approved", "200", None), ("approved", "11", Some(Code::TotalsDiffer))]
    {
        let world = world().await;
        let theirs = world.coupa.enter(Kind::InvoiceHeader, their_invoice("300001", price)).unwrap();
        world.coupa.set_invoice_status("V1", "300001", status);
        let before = world.coupa.json(Kind::InvoiceHeader, theirs);
        let entry = world.sap.add_invoice(document("V1", vec![line("A1", 2, "100")])).unwrap();
        let worker = world.worker("one");
        world.settle(&worker).await;
        let key = world.key(ObjectKind::Invoice, entry);
        let failed = world.last(&key).await;
        assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::NotOurs)));
        for name in [key.to_string(), "`300001`".to_owned(), format!("Coupa invoice {theirs}")] {
            assert!(failed.message.contains(&name), "{}", failed.message);
        }
        assert_eq!(world.coupa.json(Kind::InvoiceHeader, theirs), before);

        world.redrive(&world.worker_with("two", world.settings(), by_number("invoices")), &key).await;
        let last = world.last(&key).await;
        if becomes.is_none() {
            let expected = if price == "200" { Decimal::from(238) } else { Decimal::new(23800, 2) };
            let held = world.coupa.invoice("V1", "300001").unwrap();
            assert_eq!((held.total, held.status.as_str(), held.lines.len()), (expected, "approved", 1));
        } else {
            assert_eq!(world.coupa.json(Kind::InvoiceHeader, theirs), before);
        }
        assert_eq!(
            (last.code, world.coupa.invoices().len()),
            (becomes, 1),
            "{status} {price}: {}",
            last.message
        );
        world.assert_clean();
    }
}

#[tokio::test]
async fn two_documents_of_saps_never_become_one() {
    let numbers = "[numbers]\ninvoice = \"{NumAtCard}\"\npurchase_order = \"{NumAtCard}\"\ncredit_note = \"{NumAtCard}\"\n[credit_notes]\noriginal = \"self\"";
    for in_one_batch in [true, false] {
        for kind in [ObjectKind::PurchaseOrder, ObjectKind::Invoice, ObjectKind::CreditNote] {
            let world = world().await;
            let worker = world.worker_with("one", world.settings(), Mapping::parse(numbers).unwrap());
            let enter = |price: &str| {
                let spec = DocumentSpec {
                    reference: "R-1".to_owned(),
                    ..document("V1", vec![line("A1", 1, price)])
                };
                match kind {
                    ObjectKind::PurchaseOrder => world.sap.add_purchase_order(spec),
                    ObjectKind::Invoice => world.sap.add_invoice(spec),
                    _ => world.sap.add_credit_note(spec),
                }
                .unwrap()
            };
            let first = enter("10");
            if !in_one_batch {
                world.settle(&worker).await;
            }
            let second = enter("20");
            world.settle(&worker).await;
            let (first, second) = (world.key(kind, first), world.key(kind, second));
            let failed = world.last(&second).await;
            assert_eq!(
                (failed.outcome, failed.code),
                (AuditOutcome::Failed, Some(Code::NumberClash)),
                "{}",
                failed.message
            );
            assert!(failed.message.contains(&second.to_string()), "{}", failed.message);
            let other = if kind == ObjectKind::PurchaseOrder {
                "SBODEMO_ACME/1/0".to_owned()
            } else {
                format!("SAP {first}")
            };
            assert!(failed.message.contains(&other), "{}", failed.message);
            assert_eq!(world.last(&first).await.code, None);
            let totals = if kind == ObjectKind::PurchaseOrder {
                world.coupa.orders().iter().map(|order| order.total).collect::<Vec<_>>()
            } else {
                world.coupa.invoices().iter().map(|invoice| invoice.total.abs()).collect()
            };
            let expected =
                if kind == ObjectKind::PurchaseOrder { Decimal::from(10) } else { Decimal::new(119, 1) };
            assert_eq!(totals, [expected]);
            if !in_one_batch {
                world.assert_clean();
            }
        }
    }
}

#[tokio::test]
async fn an_invoice_and_a_credit_note_share_one_space_of_numbers() {
    let world = world().await;
    let numbers = "[numbers]\ninvoice = \"{NumAtCard}\"\ncredit_note = \"{NumAtCard}\"";
    let worker = world.worker_with("one", world.settings(), Mapping::parse(numbers).unwrap());
    let spec = DocumentSpec { reference: "R-1".to_owned(), ..document("V1", vec![line("A1", 1, "10")]) };
    let invoice = world.sap.add_invoice(spec).unwrap();
    let own = DocumentSpec { reference: "R-1".to_owned(), ..document("V1", vec![]) };
    let credit_note = world.sap.copy(DocumentKind::Invoice, invoice, DocumentKind::CreditNote, own).unwrap();
    world.settle(&worker).await;
    let failed = world.last(&world.key(ObjectKind::CreditNote, credit_note)).await;
    assert_eq!(failed.code, Some(Code::NumberClash), "{}", failed.message);
    // The same number of another supplier is another number.
    world.sap.add_supplier(supplier("V2")).unwrap();
    let spec = DocumentSpec { reference: "R-1".to_owned(), ..document("V2", vec![line("A1", 1, "10")]) };
    world.sap.add_invoice(spec).unwrap();
    world.settle(&worker).await;
    assert!(world.coupa.invoice("V2", "R-1").is_some());
    assert_eq!(world.coupa.invoices().len(), 2);
    world.assert_clean();
}
