//! What can't be read, mapped or taken is one failed attempt with its code, while everything else goes on.

use crate::{
    rig::Ties,
    world::{World, document, line, supplier},
};
use http::Method;
use jiff::civil::date;
use mapping::Mapping;
use model::{AuditOutcome, Code, DocumentKey, ErrorClass, ObjectKind};
use pipeline::Pipeline;
use simulators::{
    compare::differences,
    coupa::{Effect, ErrorShape, Fault},
    sap::{DocumentKind, DocumentSpec, Fault as SapFault, FaultKind, Simulator as Sap},
};
use store::{AuditTrail as _, StateStore as _};

/// Three orders, of which the second will be bad, and an invoice.
fn company() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    for _ in 0..3 {
        world.sap.add_purchase_order(document("V1", vec![line("A1", 2, "50")])).unwrap();
    }
    world.sap.add_invoice(document("V1", vec![line("A1", 1, "7")])).unwrap();
    world
}

/// The second order failed for good with this code, and everything else is in Coupa.
async fn only_the_second_failed(world: &World, code: Code, what: &str) {
    let bad = world.key(ObjectKind::PurchaseOrder, 2);
    failed(world, &bad, code, what).await;
    assert_eq!((world.coupa.orders().len(), world.coupa.invoices().len()), (2, 1), "{what}");
}

async fn failed(world: &World, key: &DocumentKey, code: Code, what: &str) {
    let letters = world.store.dead_letters().await.unwrap();
    let found: Vec<_> = letters.iter().map(|row| (&row.document, row.letter.code)).collect();
    assert_eq!(found, [(key, code)], "{what}: {letters:#?}");
    let trail = world.store.of_document(key).await.unwrap();
    assert_eq!(trail.len(), 1, "{what}: one failed attempt: {trail:#?}");
    assert_eq!(trail[0].outcome, AuditOutcome::Failed, "{what}");
    assert_eq!((trail[0].code, trail[0].class), (Some(code), Some(ErrorClass::Data)), "{what}");
}

fn worker(world: &World, mapping: &str) -> Pipeline {
    world.worker_with("one", world.settings(), Mapping::parse(mapping).unwrap())
}

async fn work_off(world: &World, worker: &Pipeline) {
    world.poll(worker).await;
    world.work_through(worker, 2).await;
}

fn change(sap: &Sap, change: impl FnOnce(&mut simulators::sap::Document)) {
    sap.change_document(DocumentKind::Order, 2, change).unwrap();
}

#[tokio::test]
async fn a_member_that_holds_what_it_cannot_hold() {
    for (member, json) in [
        ("DocDate", "\"31.12.2026\""),
        ("DocDueDate", "\"tomorrow\""),
        ("DocTotal", "\"much\""),
        ("DocTotal", "[1]"),
        ("DocNum", "{}"),
        ("DocumentLines", "\"none\""),
    ] {
        let world = company();
        let worker = world.worker("one");
        world.poll(&worker).await;
        world.sap.plant(DocumentKind::Order, 2, member, json).unwrap();
        world.work_through(&worker, 2).await;
        only_the_second_failed(&world, Code::SapFieldUnreadable, &format!("{member} = {json}")).await;
        let text = &world.store.dead_letters().await.unwrap()[0].letter.message;
        assert!(text.contains(member), "{text}");
    }
}

#[tokio::test]
async fn what_the_mapping_refuses() {
    let world = company();
    work_off(&world, &worker(&world, "[payment_terms]\n\"Net 60\" = \"Net 60\"\non_missing = \"fail\"\n"))
        .await;
    let letters = world.store.dead_letters().await.unwrap();
    assert!(
        !letters.is_empty() && letters.iter().all(|row| row.letter.code == Code::CodeNotMapped),
        "{letters:#?}"
    );

    let world = company();
    change(&world.sap, |order| order.currency = "$?".to_owned());
    work_off(&world, &world.worker("one")).await;
    only_the_second_failed(&world, Code::CurrencyUnknown, "currency").await;

    let world = company();
    change(&world.sap, |order| order.reference = "9".repeat(300));
    work_off(&world, &worker(&world, "[numbers]\npurchase_order = \"{DocNum}-{NumAtCard}\"\n")).await;
    only_the_second_failed(&world, Code::NumberTooLong, "number").await;
}

#[tokio::test]
async fn a_dead_letter_is_cleared_when_the_document_is_mended() {
    let world = company();
    change(&world.sap, |order| order.currency = "$?".to_owned());
    let worker = world.worker("one");
    work_off(&world, &worker).await;
    world.pass(300);
    change(&world.sap, |order| order.currency = "EUR".to_owned());
    work_off(&world, &worker).await;
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
    assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new());
}

#[tokio::test]
async fn a_supplier_that_coupa_refuses_in_any_shape_of_error() {
    for shape in [
        ErrorShape::Object,
        ErrorShape::List,
        ErrorShape::Text,
        ErrorShape::Wrapped,
        ErrorShape::Xml,
        ErrorShape::XmlWithCdata,
    ] {
        let world = World::new();
        for code in ["V1", "V2", "V3"] {
            world.sap.add_supplier(supplier(code)).unwrap();
        }
        world.coupa.configure(|settings| settings.error_shape = shape);
        let refuse = Effect::Refuse { object: "supplier".to_owned(), message: "Name smells odd".to_owned() };
        world.coupa.plan(Fault::on(Method::POST, "/api/suppliers", refuse).containing("Supplier V2"));
        work_off(&world, &world.worker("one")).await;
        failed(&world, &world.supplier_key("V2"), Code::CoupaRefused, &format!("{shape:?}")).await;
        let letters = world.store.dead_letters().await.unwrap();
        assert!(letters[0].letter.message.contains("Name smells odd"), "{shape:?}: {letters:#?}");
        assert_eq!(world.coupa.suppliers().len(), 2, "{shape:?}");
    }
}

#[tokio::test]
async fn replies_of_sap_that_cannot_be_read_are_read_again() {
    let html = FaultKind::Answer {
        status: 200,
        content_type: "text/html".to_owned(),
        body: "<html><title>Welcome</title></html>".to_owned(),
    };
    for what in [FaultKind::Garble, FaultKind::Truncate(30), html, FaultKind::DropAfterWork] {
        let world = company();
        let worker = world.worker("one");
        world.poll(&worker).await;
        // More often than the client itself tries again.
        world.sap.inject(SapFault::new(what.clone()).at("/PurchaseOrders").times(6));
        world.work_through(&worker, 2).await;
        assert_eq!(world.store.dead_letters().await.unwrap(), [], "{what:?}");
        assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new(), "{what:?}");
        let trail = world.store.of_document(&world.key(ObjectKind::PurchaseOrder, 1)).await.unwrap();
        assert_eq!(trail[0].outcome, AuditOutcome::Retry, "{what:?}");
        assert!(
            matches!(trail[0].code, Some(Code::SapBadReply | Code::SapUnreachable)),
            "{what:?}: {trail:#?}"
        );
    }
}

#[tokio::test]
async fn replies_of_coupa_that_cannot_be_read_are_read_again() {
    for effect in [Effect::MalformedJson, Effect::Truncate(1), Effect::Html(200), Effect::Html(502)] {
        let world = company();
        let worker = world.worker("one");
        world.coupa.plan(Fault::on(Method::GET, "/api/purchase_orders", effect.clone()).times(6));
        work_off(&world, &worker).await;
        assert_eq!(world.store.dead_letters().await.unwrap(), [], "{effect:?}");
        assert_eq!(
            differences(&world.sap, &world.coupa, date(2026, 1, 1)),
            Vec::<String>::new(),
            "{effect:?}"
        );
        let trail = world.store.of_document(&world.key(ObjectKind::PurchaseOrder, 1)).await.unwrap();
        assert_eq!(trail[0].outcome, AuditOutcome::Retry, "{effect:?}");
        assert!(
            matches!(trail[0].code, Some(Code::CoupaBadReply | Code::CoupaUnreachable)),
            "{effect:?}: {trail:#?}"
        );
    }
}

#[tokio::test]
async fn a_document_larger_than_the_limit() {
    let world = company();
    let lines = (0..60).map(|_| line("A1", 1, "1")).collect();
    let large = world.sap.add_purchase_order(DocumentSpec { ..document("V1", lines) }).unwrap();
    let worker = world.tied("one", &Ties { max_body_bytes: 40_000, ..Ties::default() });
    work_off(&world, &worker).await;
    failed(&world, &world.key(ObjectKind::PurchaseOrder, large), Code::SapBodyTooLarge, "large").await;
    assert_eq!((world.coupa.orders().len(), world.coupa.invoices().len()), (3, 1));
}

#[tokio::test]
async fn a_document_that_is_not_there() {
    let world = company();
    let worker = world.worker("one");
    work_off(&world, &worker).await;
    let gone = world.key(ObjectKind::Invoice, 4_711);
    let ended = world.redrive(&worker, &gone).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].outcome, AuditOutcome::NotApplicable, "it was never there");
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
}
