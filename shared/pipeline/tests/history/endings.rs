//! What is kept of an attempt, and what isn't told twice.

use crate::world::{World, document, line, supplier};
use model::{AuditOutcome, Cause, Change, Code, CorrelationId, Lane, ObjectKind, Owner, Parked, Step};
use simulators::sap::DocumentKind;
use store::{
    AuditTrail as _, Finish, FinishedDocument, LeaseReply, LeaseRequest, Queue as _, StateStore as _,
};

#[tokio::test]
async fn what_failed_for_good_and_is_merely_seen_again_is_not_told_again() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 1, "10")])).unwrap();
    world.sap.plant(DocumentKind::Invoice, invoice, "DocCurrency", "\"Doubloon\"").unwrap();
    let worker = world.worker("one");
    let key = world.key(ObjectKind::Invoice, invoice);

    let first = world.sync(&worker).await;
    assert!(first.iter().any(|ended| ended.document == key && ended.dead_letter), "{first:#?}");
    let letter = world.store.dead_letters().await.unwrap()[0].letter.clone();
    world.pass(1);
    let again = world.sync(&worker).await;
    assert!(again.iter().all(|ended| ended.document != key), "{again:#?}");
    let failed = |trail: &[model::AuditEntry]| {
        trail.iter().filter(|entry| entry.outcome == AuditOutcome::Failed).count()
    };
    assert_eq!(failed(&world.store.of_document(&key).await.unwrap()), 1);
    assert_eq!(world.store.dead_letters().await.unwrap()[0].letter, letter, "the first time stands");

    // Somebody who asks is told, though.
    world.redrive(&worker, &key).await;
    assert_eq!(failed(&world.store.of_document(&key).await.unwrap()), 2);
}

#[tokio::test]
async fn a_close_does_not_forget_the_document_that_waits() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "10")])).unwrap();
    let worker = world.worker("one");
    world.settle(&worker).await;
    let key = world.key(ObjectKind::PurchaseOrder, order);
    let change = |step| Change {
        document: key.clone(),
        step,
        cause: Cause::Poll,
        lane: Lane::Live,
        whatever_date: false,
        seen_at: world.now(),
        correlation: CorrelationId("c".to_owned()),
    };
    let (now, owner) = (world.now(), Owner("other".to_owned()));
    let until = now + jiff::SignedDuration::from_secs(60);
    let request =
        LeaseRequest { document: key.clone(), owner, now, until, correlation: CorrelationId("c".to_owned()) };
    let Some(LeaseReply::Taken(lease, mut item)) = world.store.take_leases(&[request]).await.unwrap().pop()
    else {
        panic!("the lease is free")
    };
    let due_at = now + jiff::SignedDuration::from_hours(1);
    let (code, reason) = (Code::CoupaUnreachable, "down".to_owned());
    let parked = Parked { change: change(Step::Document), due_at, waits_for: None, code, reason };
    item.parked = Some(parked.clone());
    let documents = vec![FinishedDocument { lease, item: *item }];
    world.store.finish(Finish { documents, audit: vec![] }).await.unwrap();

    world.sap.close_order(order).unwrap();
    world.store.send(&[change(Step::Close)], now).await.unwrap();
    world.work(&worker).await;
    assert_eq!(world.coupa.orders()[0].status, "soft_closed");
    assert_eq!(world.store.parked(10).await.unwrap(), [parked]);
}
