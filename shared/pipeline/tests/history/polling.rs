//! No change of SAP's goes unseen, however its stamps behave.

use crate::{
    rig::{Lifeline, Ties},
    world::{World, document, line, supplier},
};
use jiff::{
    SignedDuration,
    civil::{date, datetime},
};
use model::{Clock as _, ObjectKind, SapKey};
use pipeline::Pipeline;
use simulators::sap::{DateStyle, DocumentKind, PaymentSpec};
use std::sync::{Arc, atomic::Ordering::SeqCst};
use store::{AuditFilter, AuditTrail as _, Queue as _, StateStore as _};

pub const ORDERS: ObjectKind = ObjectKind::PurchaseOrder;

pub fn order(world: &World) -> i64 {
    world.sap.add_purchase_order(document("V1", vec![line("A1", 1, "5")])).unwrap()
}

/// Enough newer ones that no look back by number shows the ones before.
fn fill(world: &World) {
    for _ in 0..60 {
        order(world);
    }
}

pub fn change(world: &World, entry: i64) {
    world
        .sap
        .change_document(DocumentKind::Order, entry, |order| {
            order.lines[0].quantity += rust_decimal::Decimal::ONE;
        })
        .unwrap();
}

pub fn company() -> World {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    world
}

/// The `DocEntry`s that a poll of one kind enqueued; takes them out of the queue.
async fn seen(world: &World, worker: &Pipeline, kind: ObjectKind) -> Vec<i64> {
    world.poll_only(worker, kind).await;
    let changes = drain(world).await.into_iter().filter(|change| change.document.kind == kind);
    let mut entries: Vec<i64> = changes.filter_map(|change| change.document.doc_entry()).collect();
    entries.sort_unstable();
    entries
}

pub async fn drain(world: &World) -> Vec<model::Change> {
    let now = world.clock.now();
    let received = world.store.receive(10_000, SignedDuration::from_mins(1), now).await.unwrap();
    let receipts: Vec<_> = received.iter().map(|message| message.receipt.clone()).collect();
    world.store.ack(&receipts).await.unwrap();
    let mut changes: Vec<_> = received.into_iter().map(|message| message.change).collect();
    changes.sort_by_key(|change| change.document.to_string());
    changes
}

/// Polls until nothing is enqueued any more, which must be soon.
async fn idle(world: &World, worker: &Pipeline) {
    for _ in 0..4 {
        world.pass(300);
        world.poll(worker).await;
        drain(world).await;
    }
    world.pass(300);
    world.poll(worker).await;
    assert_eq!(drain(world).await, [], "an idle company keeps the queue busy");
}

#[tokio::test]
async fn a_change_shortly_after_midnight_is_seen() {
    let world = company();
    let worker = world.worker("one");
    world.sap.pretend(Some(datetime(2026, 11, 20, 23, 58, 0, 0)));
    let entry = order(&world);
    fill(&world);
    idle(&world, &worker).await;
    // A filter on date and time each for itself would ask for times from 23:58 on.
    world.sap.pretend(Some(datetime(2026, 11, 21, 0, 5, 0, 0)));
    change(&world, entry);
    assert_eq!(seen(&world, &worker, ORDERS).await, [entry]);
}

#[tokio::test]
async fn a_second_change_within_the_minute_is_seen() {
    for times_with_seconds in [true, false] {
        let world = company();
        world.sap.configure(|settings| settings.times_with_seconds = times_with_seconds);
        let worker = world.worker("one");
        world.sap.pretend(Some(datetime(2026, 11, 20, 9, 30, 10, 0)));
        let entry = order(&world);
        fill(&world);
        assert!(seen(&world, &worker, ORDERS).await.contains(&entry));
        world.pass(5);
        assert!(seen(&world, &worker, ORDERS).await.contains(&entry), "not settled yet");
        // Its stamp does not move.
        change(&world, entry);
        world.pass(300);
        assert!(seen(&world, &worker, ORDERS).await.contains(&entry), "seconds: {times_with_seconds}");
        idle(&world, &worker).await;
    }
}

#[tokio::test]
async fn a_row_that_becomes_visible_late_is_seen() {
    let world = company();
    let worker = world.worker("one");
    world.sap.pretend(Some(datetime(2026, 11, 20, 9, 0, 0, 0)));
    let (early, late) = (order(&world), order(&world));
    fill(&world);
    idle(&world, &worker).await;
    world.sap.pretend(Some(datetime(2026, 11, 20, 10, 0, 0, 0)));
    change(&world, early);
    assert_eq!(seen(&world, &worker, ORDERS).await, [early]);
    // A long transaction commits with the stamp of its beginning, an hour before the newest.
    world.sap.pretend(Some(datetime(2026, 11, 20, 9, 5, 0, 0)));
    change(&world, late);
    world.pass(300);
    assert!(seen(&world, &worker, ORDERS).await.contains(&late));
}

#[tokio::test]
async fn a_row_that_becomes_visible_late_is_seen_though_nobody_polled_for_hours() {
    let world = company();
    let worker = world.worker("one");
    world.sap.pretend(Some(datetime(2026, 11, 20, 9, 0, 0, 0)));
    let (early, late) = (order(&world), order(&world));
    fill(&world);
    idle(&world, &worker).await;
    world.sap.pretend(Some(datetime(2026, 11, 20, 10, 0, 0, 0)));
    change(&world, early);
    assert_eq!(seen(&world, &worker, ORDERS).await, [early]);
    // It commits soon after the pass, and then no pass comes for long.
    world.sap.pretend(Some(datetime(2026, 11, 20, 9, 45, 0, 0)));
    change(&world, late);
    world.pass(3 * 3_600);
    assert!(seen(&world, &worker, ORDERS).await.contains(&late));
}

#[tokio::test]
async fn the_hour_that_autumn_repeats_hides_nothing() {
    let world = company();
    let worker = world.worker("one");
    world.sap.pretend(Some(datetime(2026, 10, 25, 2, 58, 0, 0)));
    let one = order(&world);
    fill(&world);
    assert!(seen(&world, &worker, ORDERS).await.contains(&one));
    // Two minutes later clocks go back to 02:00.
    for (minute, minutes_gone) in [(1, 3), (30, 29), (59, 29)] {
        world.sap.pretend(Some(datetime(2026, 10, 25, 2, minute, 30, 0)));
        world.pass(minutes_gone * 60);
        change(&world, one);
        assert!(seen(&world, &worker, ORDERS).await.contains(&one), "02:{minute}, the second time");
    }
}

#[tokio::test]
async fn rows_that_come_and_go_between_pages_hide_nothing() {
    let world = company();
    let worker = world.tied("one", &Ties { page_size: 3, ..Ties::default() });
    world.sap.configure(|settings| settings.unstable_order = true);
    let entries: Vec<i64> = (0..12).map(|_| order(&world)).collect();
    fill(&world);
    idle(&world, &worker).await;
    world.pass(3_600);
    for entry in &entries[4..] {
        change(&world, *entry);
    }
    world.pass(60);
    // While the first page is read, an early row joins the window, and rows of later pages move in their stamps.
    world.sap.after_request(2, |sap| {
        for entry in [1, 6, 12] {
            sap.change_document(DocumentKind::Order, entry, |_| {}).unwrap();
        }
    });
    let mut found = seen(&world, &worker, ORDERS).await;
    world.pass(300);
    found.extend(seen(&world, &worker, ORDERS).await);
    for entry in entries[4..].iter().chain([&1]) {
        assert!(found.contains(entry), "{entry} is not in {found:?}");
    }
}

#[tokio::test]
async fn documents_without_stamps_are_seen_when_they_are_made() {
    for suppliers in [false, true] {
        let world = company();
        world.sap.configure(|settings| settings.stamp_on_create = false);
        let worker = world.worker("one");
        if suppliers {
            // Some have one, because they were changed since.
            change(&world, order(&world));
        }
        let first = order(&world);
        assert!(seen(&world, &worker, ORDERS).await.contains(&first));
        idle(&world, &worker).await;
        for _ in 0..3 {
            let next = order(&world);
            world.pass(60);
            assert!(seen(&world, &worker, ORDERS).await.contains(&next));
            world.sap.add_supplier(supplier(&format!("N{next}"))).unwrap();
            world.poll_only(&worker, ObjectKind::Supplier).await;
            let keys: Vec<SapKey> =
                drain(&world).await.into_iter().map(|change| change.document.key).collect();
            assert!(keys.contains(&SapKey::CardCode(format!("N{next}"))), "{keys:?}");
            world.pass(86_400);
        }
        idle(&world, &worker).await;
        change(&world, first);
        assert!(seen(&world, &worker, ORDERS).await.contains(&first));
    }
}

#[tokio::test]
async fn every_dialect_shows_the_same_changes() {
    for odata in [sap::ODataVersion::V1, sap::ODataVersion::V2] {
        for dates in [DateStyle::DateOnly, DateStyle::Midnight] {
            let world = company();
            world.sap.configure(|settings| {
                settings.dates = dates;
                settings.times_with_seconds = false;
            });
            let worker = world.tied("one", &Ties { odata, page_size: 2, ..Ties::default() });
            fill(&world);
            assert_eq!(seen(&world, &worker, ORDERS).await.len(), 60);
            idle(&world, &worker).await;
            change(&world, 3);
            assert_eq!(seen(&world, &worker, ORDERS).await, [3], "{odata:?} {dates:?}");
        }
    }
}

#[tokio::test]
async fn a_stamp_from_the_far_future_does_not_run_away_with_the_cursor() {
    let world = company();
    let worker = world.worker("one");
    world.sap.pretend(Some(datetime(2031, 1, 1, 12, 0, 0, 0)));
    let odd = order(&world);
    world.sap.pretend(None);
    let entry = order(&world);
    assert_eq!(seen(&world, &worker, ORDERS).await, [odd, entry]);
    fill(&world);
    for _ in 0..3 {
        world.pass(3_600);
        change(&world, entry);
        assert!(seen(&world, &worker, ORDERS).await.contains(&entry));
    }
    idle(&world, &worker).await;
}

#[tokio::test]
async fn the_cursor_moves_only_when_the_queue_has_confirmed() {
    let world = company();
    let life = Lifeline::immortal();
    let worker = world.tied("one", &Ties { life: Arc::clone(&life), page_size: 2, ..Ties::default() });
    let entries: Vec<i64> = (0..5).map(|_| order(&world)).collect();
    for _ in 0..3 {
        life.refuses_sends.store(true, SeqCst);
        let before = world.store.cursor("poll/purchase_orders").await.unwrap();
        assert!(worker.poll(ORDERS).await.is_err());
        assert_eq!(world.store.cursor("poll/purchase_orders").await.unwrap(), before);
        life.refuses_sends.store(false, SeqCst);
        worker.poll(ORDERS).await.unwrap();
    }
    assert_eq!(drain(&world).await.len(), entries.len());
    idle(&world, &worker).await;
    change(&world, 2);
    life.refuses_sends.store(true, SeqCst);
    assert!(worker.poll(ORDERS).await.is_err());
    life.refuses_sends.store(false, SeqCst);
    world.pass(7_200);
    assert_eq!(seen(&world, &worker, ORDERS).await, [2]);
}

#[tokio::test]
async fn a_pass_goes_on_where_it_was_cut_off() {
    let world = company();
    let one = world.tied("one", &Ties { page_size: 2, ..Ties::default() });
    let entries: Vec<i64> = (0..7).map(|_| order(&world)).collect();
    assert!(one.poll(ORDERS).await.unwrap().more);
    assert!(one.poll(ORDERS).await.unwrap().more);
    drop(one);
    assert_eq!(drain(&world).await.len(), 4);
    // What is changed behind the pass meanwhile is the next one's.
    world.pass(60);
    change(&world, 1);
    let two = world.tied("two", &Ties { page_size: 2, ..Ties::default() });
    assert_eq!(seen(&world, &two, ORDERS).await, entries[4..], "no page twice, none left out");
    world.pass(300);
    assert!(seen(&world, &two, ORDERS).await.contains(&1));
}

#[tokio::test]
async fn two_pollers_at_once_do_no_harm() {
    let world = company();
    let [one, two] = ["one", "two"].map(|name| world.tied(name, &Ties { page_size: 2, ..Ties::default() }));
    let entries: Vec<i64> = (0..9).map(|_| order(&world)).collect();
    futures::future::join(world.poll(&one), world.poll(&two)).await;
    while one.poll(ORDERS).await.unwrap().more {}
    let mut found: Vec<i64> =
        drain(&world).await.iter().filter_map(|change| change.document.doc_entry()).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, entries);
    idle(&world, &one).await;
    change(&world, 4);
    futures::future::join(world.poll(&one), world.poll(&two)).await;
    assert!(drain(&world).await.iter().any(|change| change.document.doc_entry() == Some(4)));
}

#[tokio::test]
async fn payments_are_seen_by_number_and_when_they_are_cancelled() {
    let world = company();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 100, "5")])).unwrap();
    let worker = world.worker("one");
    let payments = ObjectKind::Payment;
    assert_eq!(seen(&world, &worker, payments).await, Vec::<i64>::new());
    let first = world.sap.pay(&[(invoice, 10.into())]).unwrap();
    assert_eq!(seen(&world, &worker, payments).await, [first], "the first one after an empty pass");
    idle(&world, &worker).await;
    // Long after, and when many others have come since.
    let many: Vec<i64> = (0..120).map(|_| world.sap.pay(&[(invoice, 1.into())]).unwrap()).collect();
    assert_eq!(seen(&world, &worker, payments).await, many);
    idle(&world, &worker).await;
    // One that the overlap has shown all along.
    world.sap.cancel_payment(many[119]).unwrap();
    assert_eq!(seen(&world, &worker, payments).await, [many[119]]);
    idle(&world, &worker).await;
    world.pass(60 * 86_400);
    world.sap.cancel_payment(first).unwrap();
    assert_eq!(seen(&world, &worker, payments).await, [first]);
    idle(&world, &worker).await;
    // Beyond the window to look back nobody looks.
    world.pass(60 * 86_400);
    world.sap.cancel_payment(many[0]).unwrap();
    assert_eq!(seen(&world, &worker, payments).await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_payment_that_becomes_visible_behind_later_ones_is_seen() {
    let world = company();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 100, "5")])).unwrap();
    let [late, next] = [10, 20].map(|amount: i64| world.sap.pay(&[(invoice, amount.into())]).unwrap());
    // As good as not committed yet: the first pass goes by dates, and this one is none of its own.
    let today = world.sap.payment(late).unwrap().date;
    world.sap.change_payment(late, |payment| payment.date = date(2025, 1, 1)).unwrap();
    let worker = world.worker("one");
    assert_eq!(seen(&world, &worker, ObjectKind::Payment).await, [next]);
    world.sap.change_payment(late, |payment| payment.date = today).unwrap();
    assert!(seen(&world, &worker, ObjectKind::Payment).await.contains(&late));
}

#[tokio::test]
async fn an_idle_company_causes_no_work() {
    let world = company();
    let invoice = world.sap.add_invoice(document("V1", vec![line("A1", 100, "5")])).unwrap();
    world.sap.pay(&[(invoice, 10.into())]).unwrap();
    let entry = world
        .sap
        .add_payment(PaymentSpec {
            supplier: "V1".to_owned(),
            on_account: 5.into(),
            ..PaymentSpec::default()
        })
        .unwrap();
    world.sap.cancel_payment(entry).unwrap();
    order(&world);
    let worker = world.worker("one");
    world.settle(&worker).await;
    for _ in 0..3 {
        world.pass(300);
        world.sync(&worker).await;
    }
    let state = || async {
        let trail = world.store.list(&AuditFilter { limit: 999, ..Default::default() }).await.unwrap();
        (trail, world.writes(), world.coupa.api_requests())
    };
    let before = state().await;
    for _ in 0..50 {
        world.pass(300);
        assert_eq!(world.sync(&worker).await, [], "nothing was even looked at");
    }
    assert_eq!(state().await, before);
}
