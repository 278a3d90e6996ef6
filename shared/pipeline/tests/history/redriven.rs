//! Copies of dead letters that come back from the dead-letter queue by somebody's hand.

use crate::world::{World, document, line, supplier};
use model::{AuditOutcome, Cause, Change, CorrelationId, DocumentKey, Lane, ObjectKind, Step};
use pipeline::Pipeline;
use simulators::sap::DocumentKind;
use store::{Queue as _, Receipt, Received, StateStore as _};

/// An invoice in a currency that nobody knows, which has failed for good.
async fn failed(world: &World, worker: &Pipeline) -> (i64, DocumentKey) {
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 1, "10")])).unwrap();
    world.sap.plant(DocumentKind::Invoice, invoice, "DocCurrency", "\"Doubloon\"").unwrap();
    world.sync(worker).await;
    assert_eq!(world.store.dead_letters().await.unwrap().len(), 1);
    (invoice, world.key(ObjectKind::Invoice, invoice))
}

fn copy(world: &World, document: &DocumentKey) -> Received {
    let change = Change {
        document: document.clone(),
        step: Step::Document,
        cause: Cause::Poll,
        lane: Lane::Live,
        whatever_date: false,
        seen_at: world.now(),
        correlation: CorrelationId("copy".to_owned()),
    };
    let receipt = Receipt("nobody's".to_owned());
    Received { change, receipt, receive_count: 1, copy_of: Some(world.now()) }
}

#[tokio::test]
async fn a_copy_whose_dead_letter_is_open_is_tried_again_for_the_person_who_asked() {
    let world = World::new();
    let worker = world.worker("one");
    let (invoice, key) = failed(&world, &worker).await;
    let mend = |one: &mut simulators::sap::Document| one.currency = "EUR".to_owned();
    world.sap.plant(DocumentKind::Invoice, invoice, "DocCurrency", "\"EUR\"").unwrap();
    world.sap.change_document_unseen(DocumentKind::Invoice, invoice, mend).unwrap();

    let report = worker.sync(vec![copy(&world, &key)]).await.unwrap();
    assert_eq!(report.ended.len(), 1, "{report:?}");
    let last = world.last(&key).await;
    assert_eq!((last.outcome, last.cause), (AuditOutcome::Created, Cause::Replay));
    assert!(world.store.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_whose_dead_letter_is_closed_does_nothing() {
    let world = World::new();
    let worker = world.worker("one");
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 1, "10")])).unwrap();
    world.sync(&worker).await;
    world.work(&worker).await;
    let key = world.key(ObjectKind::Invoice, invoice);
    let calls = world.coupa.exchanges().len();
    let mut again = copy(&world, &key);
    world.store.send(&[again.change.clone()], world.now()).await.unwrap();
    let hour = jiff::SignedDuration::from_hours(1);
    again.receipt = world.store.receive(1, hour, world.now()).await.unwrap().remove(0).receipt;

    let report = worker.sync(vec![again]).await.unwrap();
    assert!(report.ended.is_empty(), "{report:?}");
    assert_eq!(world.coupa.exchanges().len(), calls);
    assert_eq!(world.store.depth().await.unwrap().in_flight, 0, "it is acked");
}
