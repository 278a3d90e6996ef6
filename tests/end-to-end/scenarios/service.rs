//! `run`: the product as a service.

use crate::world::{World, wait_until};
use std::time::Duration;

/// Far less than a lease lasts, which is what it would wait for if something were still held; ample for a busy machine.
const PROMPT: Duration = Duration::from_secs(20);

#[test]
fn a_change_arrives_within_seconds_and_sigterm_ends_it_with_nothing_held() {
    let world = World::new();
    world.supplier("V1");
    let mut running = world.start(&["run"]);
    wait_until("the supplier is there", || world.coupa.supplier_by_number("V1").is_some());
    let (_, number) = world.order("V1");
    wait_until("the order is there", || {
        world.coupa.order_by_number(&number).is_some_and(|order| order.status == "issued")
    });
    running.signal("TERM");
    running.end_within(PROMPT).expect(0);
    assert_eq!(world.sap.live_sessions(), 0);

    let status = world.run(&["status", "--json"]).expect(0).json();
    // What the last poll enqueued may be there still.
    assert_eq!(status["queue"]["in_flight"], 0, "{status}");
    let writes = world.writes();
    world.start(&["sync", "--once", "--json"]).end_within(PROMPT).expect(0);
    assert_eq!(world.writes(), writes);
}

#[test]
fn in_the_middle_of_work_a_signal_ends_it_and_what_was_begun_is_finished() {
    for signal in ["TERM", "INT"] {
        let world = World::with_documents(11, 60);
        let mut running = world.start(&["run"]);
        wait_until("it is at work", || world.writes() > 20);
        running.signal(signal);
        running.end_within(PROMPT).expect(0);
        // Nothing is held: nobody has to wait for a lease to run out.
        let rest = world.start(&["sync", "--once", "--max-wait", "10s", "--json"]);
        rest.end_within(Duration::from_secs(30)).expect(0);
        world.expect_in_step();
    }
}

#[test]
fn a_sync_that_is_stopped_says_so_and_the_next_goes_on() {
    let world = World::with_documents(12, 60);
    let mut running = world.start(&["sync", "--once"]);
    wait_until("it is at work", || world.writes() > 20);
    running.signal("INT");
    let ended = running.end_within(PROMPT).expect(3);
    assert!(ended.stdout.contains("Stopped before everything was done"), "{ended:?}");
    world.sync_waiting("10s").expect(0);
    world.expect_in_step();
}

#[test]
fn it_lives_through_an_outage_of_sap() {
    let world = World::new();
    world.supplier("V1");
    world.sap.inject(simulators::sap::Fault::bad_gateway().times(40));
    let mut running = world.start(&["run"]);
    wait_until("the outage is over", || world.coupa.supplier_by_number("V1").is_some());
    assert!(!running.is_over());
    running.signal("INT");
    running.end_within(PROMPT).expect(0);
}
