//! Two processes on one database do no harm.

use crate::world::World;
use std::time::Duration;

#[test]
fn a_run_and_a_sync_do_each_document_once() {
    let mut world = World::with_documents(14, 60);
    // What is fresh is looked at with each poll for three minutes. Polled every second, the queue would hardly ever be empty, and a
    // `sync` ends when it is.
    world.configure("poll_interval = \"1s\"", "poll_interval = \"10s\"");
    let mut running = world.start(&["run"]);
    let sync = world.start(&["sync", "--once", "--max-wait", "20s", "--json"]);
    sync.end_within(Duration::from_secs(120)).expect(0);
    running.signal("TERM");
    running.end_within(Duration::from_secs(20)).expect(0);
    world.sync_waiting("10s").expect(0);
    world.expect_in_step();
}

#[test]
fn two_syncs_share_the_budget() {
    let mut world = World::with_documents(15, 80);
    world.configure("requests_per_second = 1000", "requests_per_second = 20");
    world.coupa.configure(|settings| settings.requests_per_second = Some(25));
    let syncs = [(); 2].map(|()| world.start(&["sync", "--once", "--max-wait", "20s", "--json"]));
    for sync in syncs {
        sync.end_within(Duration::from_secs(120)).expect(0);
    }
    world.expect_in_step();
    assert_eq!(world.coupa.answered(429), 0);
    for seconds in [1, 2, 5] {
        let most = world.coupa.most_requests_within(Duration::from_secs(seconds));
        let allowed = 20 * usize::try_from(seconds).unwrap() + 20;
        assert!(most <= allowed, "{most} in {seconds} s");
    }
    // That the budget is spent whole is tested in virtual time: here a busy machine may be what holds them up.
}
