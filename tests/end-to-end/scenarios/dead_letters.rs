//! What failed for good, and the way back.

use crate::{
    books::{document, line},
    world::World,
};
use simulators::sap::DocumentKind;

/// An order and an invoice in a currency that nobody knows, and a credit note without a base.
fn world_with_three_failures() -> (World, i64, i64) {
    let world = World::new();
    world.supplier("V1");
    let order = world.in_strange_currency(DocumentKind::Order, "V1");
    let invoice = world.in_strange_currency(DocumentKind::Invoice, "V1");
    world.days_ago(|sap| sap.add_credit_note(document("V1", vec![line("A1", 1, "10")])));
    // Newer ones of each kind, which move the cursors on.
    world.order("V1");
    let (base, _) = world.invoice("V1");
    let spec = simulators::sap::DocumentSpec::default();
    world.sap.copy(DocumentKind::Invoice, base, DocumentKind::CreditNote, spec).unwrap();
    world.sync().expect(2);
    (world, order, invoice)
}

#[test]
fn they_are_listed_by_code_and_each_leaves_when_its_redrive_succeeds() {
    let (world, order, invoice) = world_with_three_failures();
    let list = world.run(&["dead-letters", "list", "--json"]).expect(0).json();
    assert_eq!(list["dead_letters"], 3, "{list}");
    let codes = list["codes"].as_array().unwrap();
    let counts: Vec<_> = codes.iter().map(|code| (code["code"].as_str().unwrap(), &code["count"])).collect();
    assert_eq!(counts, [("BC-0303", &2.into()), ("BC-0308", &1.into())], "{list}");
    assert!(codes.iter().all(|code| code["fix"].is_string() && code["title"].is_string()));
    let text = world.run(&["dead-letters", "list"]).expect(0).stdout;
    for words in ["BC-0303", "BC-0308", "docs/errors/BC-0303.md", "redrive"] {
        assert!(text.contains(words), "{words}: {text}");
    }

    // A redrive before the cause is mended fails again, counted once.
    let redriven =
        world.run(&["dead-letters", "redrive", "--code", "BC-0303", "--kind", "invoice", "--json"]);
    assert_eq!(redriven.expect(0).json(), serde_json::json!({"redriven": 1, "left": 2}));
    let ended = world.sync();
    // A stack may have worked it off before the command looked.
    if world.stack.is_none() {
        assert_eq!(ended.expect(2).total("failed"), 1);
    }
    assert_eq!(world.run(&["dead-letters", "list", "--json"]).json()["dead_letters"], 3);

    let in_euro = |document: &mut simulators::sap::Document| document.currency = "EUR".to_owned();
    world.sap.change_document_unseen(DocumentKind::Invoice, invoice, in_euro).unwrap();
    let number = world.number(DocumentKind::Invoice, invoice);
    assert!(world.coupa.invoice("V1", &number).is_none());
    world.run(&["dead-letters", "redrive", "--kind", "invoices"]).expect(0);
    world.sync().expect(0);
    assert!(world.coupa.invoice("V1", &number).is_some());
    world.sap.change_document_unseen(DocumentKind::Order, order, in_euro).unwrap();
    world.run(&["dead-letters", "redrive", "--code", "bc-0303"]).expect(0);
    world.sync().expect(0);
    let left = world.run(&["dead-letters", "list", "--json"]).json();
    assert_eq!((&left["dead_letters"], &left["codes"][0]["code"]), (&1.into(), &"BC-0308".into()));
    assert_eq!(world.coupa.orders().len(), 2);
    world.expect_clean_requests();
}

#[test]
fn a_change_in_sap_heals_a_dead_letter_too() {
    let (world, order, _) = world_with_three_failures();
    world.sap.change_document(DocumentKind::Order, order, |one| one.currency = "EUR".to_owned()).unwrap();
    world.sync().expect(0);
    assert_eq!(world.coupa.orders().len(), 2);
    assert_eq!(world.run(&["dead-letters", "list", "--json"]).json()["dead_letters"], 2);
}

#[test]
fn options_that_name_nothing_are_an_error_and_no_dead_letters_are_none() {
    let (world, ..) = world_with_three_failures();
    let error = world.run(&["dead-letters", "redrive", "--kind", "payment", "--json"]).expect(1).error();
    assert!(error["message"].as_str().unwrap().contains("none of the 3"), "{error}");
    let empty = World::new();
    let text = empty.run(&["dead-letters", "redrive"]).expect(0).stdout;
    assert!(text.contains("no dead letters"), "{text}");
}
