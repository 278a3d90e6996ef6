//! Who is next where several wait for a slot.

use crate::{
    pace::{Fleet, rate},
    support::settings,
};
use coupa::{Call, Client, Settings, Supplier, Tally};
use futures::{FutureExt as _, future::join_all};
use model::{Clock as _, CoupaId, Lane};
use std::{sync::Mutex, time::Duration};

/// The order in which these are done: their names, lanes and when they come.
fn order(settings: &Settings, coming: &[(&'static str, Lane, u64)]) -> Vec<&'static str> {
    let fleet = Fleet::new(1, settings, 0);
    let tally = Tally::default();
    let (live, backfill) = (tally.call(Lane::Live), tally.call(Lane::Backfill));
    let order = Mutex::new(Vec::new());
    let one = async |client: &Client, name: &'static str, call: &Call<'_>, after_ms: u64| {
        fleet.clock.sleep(Duration::from_millis(after_ms)).await;
        client.get::<Supplier>(call, CoupaId(1)).await.unwrap();
        order.lock().unwrap().push(name);
    };
    let work = coming.iter().map(|(name, lane, after_ms)| {
        let call = if *lane == Lane::Live { &live } else { &backfill };
        one(&fleet.clients[0], name, call, *after_ms).boxed_local()
    });
    fleet.clock.run(join_all(work));
    order.into_inner().unwrap()
}

#[test]
fn who_comes_when_a_slot_falls_due_does_not_overtake_those_who_wait_for_it() {
    for lane in [Lane::Live, Lane::Backfill] {
        // They are woken before those who wait.
        let mut coming: Vec<_> = (1..=6).map(|half| ("came later", lane, 500 * half)).collect();
        coming.extend((0..8).map(|_| ("came first", lane, 0)));
        let order = order(&rate("2"), &coming);
        assert_eq!(order[..8], ["came first"; 8], "{lane:?}");
    }
}

#[test]
fn a_live_request_goes_before_backfill_that_waits_for_the_next_slot_already() {
    let mut coming: Vec<_> = (0..5).map(|_| ("backfill", Lane::Backfill, 0)).collect();
    coming.push(("live", Lane::Live, 100));
    let order = order(&rate("0.5"), &coming);
    let before = order.iter().position(|name| *name == "live").unwrap();
    // What finds a slot at once is not waited for.
    assert!(before <= 2, "{order:?}");
}

#[test]
fn a_wait_is_counted_with_its_length_and_no_wait_is_not() {
    let fleet = Fleet::new(1, &settings(1), 0);
    let tally = Tally::default();
    let call = tally.call(Lane::Live);
    let client = &fleet.clients[0];
    let ask = || async { client.get::<Supplier>(&call, CoupaId(1)).await.unwrap() };
    let waits =
        || (client.stats().waits, u128::from(client.stats().waited_ms), fleet.clock.elapsed().as_millis());
    fleet.clock.run(async {
        ask().await;
        fleet.clock.sleep(Duration::from_secs(60)).await;
        let (count, waited, now) = waits();
        ask().await;
        assert_eq!(waits(), (count, waited, now));
        ask().await;
        ask().await;
        let (more, longer, later) = waits();
        assert_eq!((more - count, longer - waited), (2, later - now));
    });
}
