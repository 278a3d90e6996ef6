//! A backfill takes what is older than the start date, goes on where it stopped, and holds up nothing.

use crate::{
    polling::{ORDERS, change, company, drain, order},
    rig::Ties,
    world::{World, document, line},
};
use jiff::{SignedDuration, civil::date};
use model::{Cause, Clock as _, Lane};
use pipeline::Backfill;
use store::Queue as _;

#[tokio::test]
async fn what_is_from_before_the_start_date_is_left_alone_but_followed_once_linked() {
    let world = company();
    let worker = world.worker("one");
    let old = simulators::sap::DocumentSpec {
        date: Some(date(2025, 12, 31)),
        ..document("V1", vec![line("A1", 1, "5")])
    };
    let entry = world.sap.add_purchase_order(old).unwrap();
    world.settle(&worker).await;
    change(&world, entry);
    world.settle(&worker).await;
    assert!(world.coupa.orders().is_empty(), "left alone, also when it changes");

    let backfill = Backfill { kind: ORDERS, since: date(2025, 1, 1) };
    while worker.backfill(backfill, false).await.unwrap().more {}
    let changes = world.store.receive(9, SignedDuration::from_secs(0), world.clock.now()).await.unwrap();
    assert!(changes.iter().all(|one| one.change.lane == Lane::Backfill
        && one.change.whatever_date
        && one.change.cause == Cause::Person));
    world.pass(1);
    world.work_through(&worker, 1).await;
    assert_eq!(world.coupa.orders().len(), 1);
    change(&world, entry);
    world.settle(&worker).await;
    assert_eq!(world.coupa.orders()[0].lines[0].quantity, Some(3.into()), "followed whatever its date");
}

#[tokio::test]
async fn a_backfill_goes_on_where_it_stopped_and_lets_live_changes_pass() {
    let world = company();
    let one = world.tied("one", &Ties { page_size: 2, ..Ties::default() });
    world.poll(&one).await;
    drain(&world).await;
    let old = || simulators::sap::DocumentSpec {
        date: Some(date(2025, 6, 1)),
        ..document("V1", vec![line("A1", 1, "5")])
    };
    for _ in 0..6 {
        world.sap.add_purchase_order(old()).unwrap();
    }
    let backfill = Backfill { kind: ORDERS, since: date(2025, 1, 1) };
    assert!(one.backfill(backfill, false).await.unwrap().more);
    drop(one);
    assert_eq!(drain(&world).await.len(), 2);
    let two = world.tied("two", &Ties { page_size: 2, ..Ties::default() });
    while two.backfill(backfill, false).await.unwrap().more {}
    let live = order(&world);
    two.queue.send(&[change_of(&world, live)], world.clock.now()).await.unwrap();
    let received = world.store.receive(9, SignedDuration::from_mins(1), world.clock.now()).await.unwrap();
    assert_eq!(received.len(), 5, "four of the backfill, which are no longer those two");
    assert_eq!(received[0].change.document.doc_entry(), Some(live), "live changes are received first");
}

fn change_of(world: &World, entry: i64) -> model::Change {
    model::Change {
        document: world.key(ORDERS, entry),
        step: model::Step::Document,
        cause: Cause::Webhook,
        lane: Lane::Live,
        whatever_date: false,
        seen_at: world.clock.now(),
        correlation: model::CorrelationId("c".to_owned()),
    }
}
