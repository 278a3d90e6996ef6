//! `kill -9` at any moment costs time, and nothing else.

use crate::world::{World, wait_at_most, wait_until};
use std::time::Duration;

pub(super) fn killed_again_and_again_everything_arrives_once() {
    let mut world = World::with_documents(13, 150);
    world.configure("request_timeout_seconds = 10", "request_timeout_seconds = 1");
    let running = world.start(&["sync", "--once"]);
    wait_until("work is under way", || world.writes() >= 20);
    running.kill();
    for writes in [1, 50, 5, 33] {
        let before = world.writes();
        let running = world.start(&["sync", "--once"]);
        // What those before it held stays held for a while, and what depends on it waits: there may be less to do.
        wait_at_most(Duration::from_secs(3), || world.writes() >= before + writes);
        running.kill();
    }
    world.sync_waiting("60s").expect(0);
    world.expect_in_step();
}

pub(super) fn killed_while_coupa_commits_the_document_is_found_and_not_made_twice() {
    let mut world = World::new();
    world.configure("request_timeout_seconds = 10", "request_timeout_seconds = 1");
    world.supplier("V1");
    let (invoice, number) = world.invoice("V1");
    world.payment(invoice);
    let slow = simulators::coupa::Effect::Delay(Duration::from_secs(30));
    world.coupa.plan(simulators::coupa::Fault::on(http::Method::POST, "/api/invoices", slow));
    let running = world.start(&["sync", "--once"]);
    wait_until("Coupa has committed", || world.coupa.invoice("V1", &number).is_some());
    running.kill();
    world.sync_waiting("60s").expect(0);
    world.expect_in_step();
    assert_eq!(world.coupa.invoices().len(), 1);
}

/// `cargo test -p b1-coupa --test end-to-end kill_9 -- --ignored --nocapture`: 200 times in some three minutes, or as often as `KILLS`
/// says.
#[test]
#[ignore = "takes minutes; CI asks for fewer kills"]
fn kill_9_of_a_running_service_again_and_again_on_one_database_file() {
    let kills: u64 = std::env::var("KILLS").map_or(200, |kills| kills.parse().unwrap());
    let mut world = World::with_documents(29, 60);
    world.configure("request_timeout_seconds = 10", "request_timeout_seconds = 1");
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut state = seed;
    for kill in 0..kills {
        let running = world.start(&["run"]);
        // xorshift, for a pause between nothing and a second and a half.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if kill % 10 == 9 {
            // The company goes on meanwhile.
            let supplier = format!("K{kill}");
            world.supplier(&supplier);
            world.order(&supplier);
            let (invoice, _) = world.invoice(&supplier);
            world.payment(invoice);
        }
        std::thread::sleep(Duration::from_millis(state % 1_500));
        running.kill();
    }
    let written = world.writes();
    world.sync_waiting("120s").expect(0);
    world.expect_in_step();
    println!("{kills} kills, {written} writes to Coupa before the last sync, {} after it", world.writes());
    world.run(&["audit", "verify"]).expect(0);
}
