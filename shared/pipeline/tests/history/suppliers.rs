//! Suppliers: found by their exact number, kept in step field by field, taken over by number.

use crate::world::{World, late, supplier};
use mapping::Mapping;
use model::{AuditOutcome, Code};
use serde_json::json;
use simulators::{
    coupa::{Effect, Fault, Kind},
    sap::{Field, SupplierSpec},
};

fn named(code: &str, name: &str) -> SupplierSpec {
    SupplierSpec { name: name.to_owned(), ..supplier(code) }
}

/// A supplier of the customer's own in Coupa.
fn theirs(number: &str, name: &str) -> serde_json::Value {
    json!({
        "number": number, "name": name, "status": "active",
        "primary-contact": {"email": "joe@own.example", "name-given": "Joe", "name-family": "Own"},
        "primary-address": {"street1": "Old 1", "city": "Leeds", "postal-code": "LS1", "country": {"code": "GB"}},
    })
}

#[tokio::test]
async fn numbers_are_matched_exactly_whatever_coupa_calls_the_same() {
    let world = World::new();
    world.coupa.configure(|settings| settings.filters_ignore_case = true);
    // Numbers that a lenient comparison takes for each other.
    let codes = ["00017", "17", "v10", "V10", "V 10", "V1 0"];
    for (at, code) in codes.iter().enumerate() {
        world.sap.add_supplier(named(code, &format!("Name {at}"))).unwrap();
    }
    world.coupa.enter(Kind::Supplier, theirs("v 10", "Theirs")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    for (at, code) in codes.iter().enumerate() {
        assert_eq!(world.coupa.supplier_by_number(code).unwrap().name, format!("Name {at}"), "{code}");
    }
    assert_eq!(world.coupa.suppliers().len(), codes.len() + 1);
    assert_eq!(world.coupa.supplier_by_number("v 10").unwrap().name, "Theirs");
    world.assert_clean();
}

#[tokio::test]
async fn status_follows_valid_and_frozen() {
    let world = World::new();
    world.sap.add_supplier(named("GOOD", "Good")).unwrap();
    world.sap.add_supplier(SupplierSpec { frozen: true, ..named("FROZEN", "Frozen") }).unwrap();
    world.sap.add_supplier(SupplierSpec { valid: false, ..named("INVALID", "Invalid") }).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let status = |code| world.coupa.supplier_by_number(code).unwrap().status;
    assert_eq!(["GOOD", "FROZEN", "INVALID"].map(status), ["active", "inactive", "inactive"]);
    world
        .sap
        .change_supplier("GOOD", |partner| {
            partner.set("Frozen", Field::Name("tYES".to_owned()));
            partner.set("Valid", Field::Name("tNO".to_owned()));
        })
        .unwrap();
    world.settle(&worker).await;
    assert_eq!(status("GOOD"), "inactive");
    world.assert_clean();
}

#[tokio::test]
async fn an_update_carries_what_changed_and_nothing_else() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let before = world.coupa.supplier_by_number("V1").unwrap();
    assert_eq!(before.remit_to.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["V1-HQ"]);
    assert_eq!(before.contact.2, "ada@acme.example");

    world.coupa.forget_requests();
    world
        .sap
        .change_supplier("V1", |partner| {
            partner.set_text("FederalTaxID", "DE999");
            // Coupa's own from the creation on: neither goes over.
            partner.set("ContactEmployees", Field::Rows(vec![]));
        })
        .unwrap();
    world.settle(&worker).await;
    let sent = world.last(&world.supplier_key("V1")).await.sent;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0]["body"], json!({"tax-id": "DE999"}), "{sent:#?}");
    let after = world.coupa.supplier_by_number("V1").unwrap();
    assert_eq!(after.tax_id.as_deref(), Some("DE999"));
    assert_eq!((&after.contact, &after.remit_to), (&before.contact, &before.remit_to));
    assert_eq!(world.writes(), 1);
    world.assert_clean();
}

#[tokio::test]
async fn a_name_that_is_anothers_is_told_clearly_and_stops_nobody_else() {
    let world = World::new();
    world.coupa.enter(Kind::Supplier, theirs("OWN", "Supplier V1")).unwrap();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world.sap.add_supplier(supplier("V2")).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let failed = world.last(&world.supplier_key("V1")).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::CoupaRefused)));
    assert!(failed.message.contains("`Supplier V1` is another supplier's"), "{}", failed.message);
    assert!(world.coupa.supplier_by_number("V1").is_none());
    assert!(world.coupa.supplier_by_number("V2").is_some());

    world.sap.change_supplier("V1", |partner| assert!(partner.set_text("CardName", "Free name"))).unwrap();
    world.settle(&worker).await;
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().name, "Free name");
    assert_eq!(world.coupa.duplicates().len(), 1, "the refused name, and nothing else");
}

#[tokio::test]
async fn a_supplier_with_our_number_is_taken_over_unless_the_mapping_forbids_it() {
    for (adopt, code) in [("by_number", None), ("by_mark", Some(Code::NotOurs))] {
        let world = World::new();
        world.coupa.enter(Kind::Supplier, theirs("V1", "Their spelling")).unwrap();
        world.sap.add_supplier(supplier("V1")).unwrap();
        let mapping = Mapping::parse(&format!("[adopt]\nsuppliers = \"{adopt}\"")).unwrap();
        let worker = world.worker_with("one", world.settings(), mapping);
        world.settle(&worker).await;
        let held = world.coupa.supplier_by_number("V1").unwrap();
        let last = world.last(&world.supplier_key("V1")).await;
        assert_eq!(last.code, code, "{}", last.message);
        let name = if code.is_none() { "Supplier V1" } else { "Their spelling" };
        assert_eq!(held.name, name);
        // People look after the contact in Coupa.
        assert_eq!(held.contact.2, "joe@own.example");
        assert_eq!(world.coupa.suppliers().len(), 1);
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_creation_that_nobody_heard_of_is_found_again() {
    for effect in [Effect::LoseReply, Effect::FailAfter(502), Effect::MalformedJson, late()] {
        let world = World::new();
        world.sap.add_supplier(supplier("V1")).unwrap();
        world.coupa.plan(Fault::on(http::Method::POST, "/api/suppliers", effect.clone()));
        // Even where only what carries a mark may be taken over: this one is ours.
        let mapping = Mapping::parse("[adopt]\nsuppliers = \"by_mark\"").unwrap();
        let worker = world.worker_with("one", world.settings(), mapping);
        world.settle(&worker).await;
        assert_eq!(world.coupa.suppliers().len(), 1, "{effect:?}");
        let last = world.last(&world.supplier_key("V1")).await;
        assert_eq!(last.code, None, "{effect:?}: {}", last.message);
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_reference_that_coupa_ignored_fails_and_is_sent_once_more_when_it_is_there() {
    let world = World::new();
    let term = "Net 99";
    world.sap.add_supplier(supplier("V1")).unwrap();
    let worker = world.worker_with(
        "one",
        world.settings(),
        Mapping::parse(&format!("[payment_terms]\n\"3\" = \"{term}\"")).unwrap(),
    );
    world.settle(&worker).await;
    let failed = world.last(&world.supplier_key("V1")).await;
    assert_eq!((failed.outcome, failed.code), (AuditOutcome::Failed, Some(Code::CoupaReferenceIgnored)));
    assert!(failed.message.contains("payment-term.code"), "{}", failed.message);

    world.coupa.add(Kind::PaymentTerm, &json!({"code": term}));
    world.coupa.forget_requests();
    world.redrive(&worker, &world.supplier_key("V1")).await;
    assert_eq!(world.coupa.supplier_by_number("V1").unwrap().payment_term.as_deref(), Some(term));
    assert_eq!((world.writes(), world.coupa.suppliers().len()), (1, 1));
    world.assert_clean();
}
