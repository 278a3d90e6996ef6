//! What waits is parked, goes on by itself, and does not wait for ever.

use crate::world::{World, document, line, supplier};
use jiff::{SignedDuration, civil::date};
use model::{AuditOutcome, Clock as _, Code, ErrorClass, ObjectKind};
use pipeline::Pipeline;
use simulators::{
    compare::differences,
    sap::{DocumentKind, DocumentSpec},
};
use store::{AuditTrail as _, Queue as _, StateStore as _};

async fn paid(world: &World) -> Pipeline {
    world.coupa.configure(|settings| settings.submitted_status = "pending_approval");
    world.sap.add_supplier(supplier("V1")).unwrap();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 1, "100")])).unwrap();
    world.sap.pay(&[(invoice, 119.into())]).unwrap();
    let worker = world.worker("one");
    world.sync(&worker).await;
    worker
}

#[tokio::test]
async fn what_waits_is_parked_and_seen_and_goes_on_by_itself() {
    let world = World::new();
    let worker = paid(&world).await;
    let parked = world.store.parked(9).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:#?}");
    assert_eq!(parked[0].code, Code::WaitingForApproval);
    assert_eq!(world.store.depth().await.unwrap(), store::Depth::default(), "its message is acked");
    let entry = world.last(&world.key(ObjectKind::Payment, 1)).await;
    assert_eq!((entry.outcome, entry.class), (AuditOutcome::Waiting, Some(ErrorClass::Waiting)));

    world.work_through(&worker, 48).await;
    let entries = world.store.of_document(&world.key(ObjectKind::Payment, 1)).await.unwrap().len();
    assert!(entries < 100, "two days of waiting are {entries} attempts");
    world.coupa.approve_all_invoices();
    world.work_through(&worker, 2).await;
    assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new());
    assert_eq!(world.store.parked(9).await.unwrap(), []);
}

#[tokio::test]
async fn what_waits_for_a_document_is_released_when_that_arrives() {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "100")])).unwrap();
    world.sap.copy(DocumentKind::Order, order, DocumentKind::Invoice, DocumentSpec::default()).unwrap();
    let worker = world.worker("one");
    // The invoice comes first, and brings along what it needs.
    world.poll_only(&worker, ObjectKind::Invoice).await;
    let began = world.clock.now();
    worker.work(50).await.unwrap();
    let parked = world.store.parked(9).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:#?}");
    assert!(parked[0].due_at > began + SignedDuration::from_mins(10), "the clock alone would take long");
    assert!(parked[0].waits_for.is_some());
    world.work_through(&worker, 0).await;
    assert_eq!(world.coupa.invoices().len(), 1, "released by the arrival, not by the clock");
    assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new());
}

#[tokio::test]
async fn waiting_ends_at_the_limit_and_a_redrive_lets_it_wait_anew() {
    let world = World::new();
    let worker = paid(&world).await;
    world.work_through(&worker, 24 * 31).await;
    let key = world.key(ObjectKind::Payment, 1);
    let letters = world.store.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!((&letters[0].document, letters[0].letter.code), (&key, Code::WaitedTooLong));
    assert!(letters[0].letter.message.contains("BC-0402"), "{}", letters[0].letter.message);
    assert_eq!(world.store.parked(9).await.unwrap(), []);
    assert_eq!(world.last(&key).await.outcome, AuditOutcome::Failed);

    world.redrive(&worker, &key).await;
    assert_eq!(world.last(&key).await.outcome, AuditOutcome::Waiting, "it has its time again");
    world.coupa.approve_all_invoices();
    world.work_through(&worker, 3).await;
    assert_eq!(differences(&world.sap, &world.coupa, date(2026, 1, 1)), Vec::<String>::new());
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
    assert_eq!(world.last(&key).await.outcome, AuditOutcome::Created);
}
