//! The poller between a simulated SAP and a queue.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

use async_trait::async_trait;
use functions::testing::World;
use jiff::SignedDuration;
use model::{Clock as _, Code};
use notify::{Outage, System, Watch};
use pipeline::Pipeline;
use poller::{Again, Poller};
use serde_json::{Value, json};
use setup::Config;
use simulators::samples::supplier;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{Queue as _, StateStore as _};

/// Keeps what it was asked to invoke.
#[derive(Clone, Default)]
struct Invoked(Arc<Mutex<Vec<Value>>>);

#[async_trait]
impl Again for Invoked {
    async fn invoke(&self, payload: &Value) -> Result<(), String> {
        self.0.lock().unwrap().push(payload.clone());
        Ok(())
    }
}

impl Invoked {
    fn next(&self) -> Option<Value> {
        self.0.lock().unwrap().pop()
    }
}

struct Rig {
    world: World,
    poller: Poller,
    invoked: Invoked,
}

fn poller(pipeline: Pipeline, again: Box<dyn Again>, world: &World, config: Config) -> Poller {
    let (sap, coupa) = (Watch::over(System::Sap), Watch::over(System::Coupa));
    Poller { pipeline, again, figures: world.figures(), config, sap, coupa }
}

fn rig(suppliers: usize, page_size: u32, page_takes: Duration) -> Rig {
    let mut world = World::new();
    for number in 1..=suppliers {
        world.sap.add_supplier(supplier(&format!("V{number:04}"))).unwrap();
    }
    world.sap_takes = page_takes;
    let invoked = Invoked::default();
    let config = world.config(page_size, "");
    let pipeline = world.pipeline(&config);
    let poller = poller(pipeline, Box::new(invoked.clone()), &world, config);
    Rig { world, poller, invoked }
}

async fn queued(world: &World) -> usize {
    world.store.depth().await.unwrap().by_lane.values().sum::<u64>().try_into().unwrap()
}

#[tokio::test]
async fn a_schedule_s_event_reads_what_changed_and_says_so() {
    let rig = rig(7, 5, Duration::from_secs(1));
    let answer = rig.poller.handle(json!({"object": "suppliers"}), rig.world.deadline(120)).await.unwrap();
    assert_eq!(answer, json!({"enqueued": 7, "released": 0, "continued": false}));
    assert_eq!(queued(&rig.world).await, 7);
    assert_eq!(rig.world.lines.with("PollSucceeded")[0]["Object"], "suppliers");
    let calls = rig.world.lines.with("SapCalls");
    assert!(calls[0]["SapCalls"].as_u64().unwrap() >= 3, "{calls:?}");
    assert!(calls[0]["SapTimeMs"].as_u64().unwrap() >= 3_000, "{calls:?}");
    assert!(rig.invoked.next().is_none());
}

/// Lambda would stop such a chain after 16 hops unless the template allows it; our own guard lets it pass because it moves.
#[tokio::test]
async fn a_long_pass_takes_many_invocations_and_misses_nothing() {
    let rig = rig(120, 1, Duration::from_secs(20));
    let (mut event, mut invocations) = (json!({"object": "suppliers"}), 0);
    loop {
        let deadline = rig.world.deadline(120);
        let answer = rig.poller.handle(event, deadline).await.unwrap();
        assert!(rig.world.time.now() < deadline.0, "it answers in time");
        invocations += 1;
        let next = rig.invoked.next();
        assert_eq!(answer["continued"], next.is_some());
        match next {
            Some(next) => event = next,
            None => break,
        }
    }
    assert!(invocations > 20, "{invocations}");
    assert_eq!(queued(&rig.world).await, 120);
    assert_eq!(rig.world.lines.with("PollSucceeded").len(), 1, "once, when the pass is over");
}

#[tokio::test]
async fn a_chain_that_gets_nowhere_is_ended() {
    let rig = rig(12, 2, Duration::from_secs(25));
    rig.poller.handle(json!({"object": "suppliers"}), rig.world.deadline(120)).await.unwrap();
    let next = rig.invoked.next().unwrap();
    assert_eq!((&next["object"], &next["generation"]), (&json!("suppliers"), &json!(1)));
    assert!(next["after"].is_string(), "{next}");

    // There is no time for a single page.
    let stuck = rig.poller.handle(next.clone(), rig.world.deadline(20)).await.unwrap_err();
    assert_eq!(stuck.code, Code::PollStuck);
    // It has gone on for too long.
    let mut late = next;
    late["generation"] = json!(10_000);
    let stuck = rig.poller.handle(late, rig.world.deadline(60)).await.unwrap_err();
    assert_eq!(stuck.code, Code::PollStuck);
    assert!(rig.invoked.next().is_none());
}

#[tokio::test]
async fn a_page_that_hangs_does_not_take_the_answer_along() {
    let rig = rig(6, 2, Duration::from_secs(500));
    let stuck = rig.poller.handle(json!({"object": "suppliers"}), rig.world.deadline(120)).await;
    assert_eq!(stuck.unwrap_err().code, Code::PollStuck);
}

#[tokio::test]
async fn two_pollers_at_once_do_no_harm() {
    let rig = rig(40, 3, Duration::from_secs(1));
    let config = rig.world.config(3, "");
    let pipeline = rig.world.pipeline(&config);
    let other = poller(pipeline, Box::new(rig.invoked.clone()), &rig.world, config);
    let event = json!({"object": "suppliers"});
    let (one, two) = tokio::join!(
        rig.poller.handle(event.clone(), rig.world.deadline(300)),
        other.handle(event, rig.world.deadline(300)),
    );
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    // Whoever was overtaken left it to the other: one more poll has nothing left to find.
    while rig.poller.pipeline.poll(model::ObjectKind::Supplier).await.unwrap().more {}
    assert_eq!(queued(&rig.world).await, 40);
}

#[tokio::test]
async fn a_backfill_goes_on_in_its_own_chain() {
    let rig = rig(10, 2, Duration::from_secs(20));
    let (mut event, mut enqueued) = (json!({"object": "suppliers", "backfill": {"since": "2020-01-01"}}), 0);
    for _ in 0..20 {
        let answer = rig.poller.handle(event.clone(), rig.world.deadline(120)).await.unwrap();
        enqueued += answer["enqueued"].as_u64().unwrap();
        match rig.invoked.next() {
            Some(next) => event = next,
            None => break,
        }
        assert_eq!(event["backfill"]["since"], "2020-01-01");
    }
    assert_eq!(enqueued, 10);
    let again = json!({"object": "suppliers", "backfill": {"since": "2020-01-01"}});
    let answer = rig.poller.handle(again, rig.world.deadline(600)).await.unwrap();
    assert_eq!(answer["enqueued"], 10, "asked for anew, it begins anew");
}

#[tokio::test]
async fn a_release_puts_back_what_is_due_and_counts() {
    use simulators::samples::{document, line};
    let rig = rig(1, 100, Duration::ZERO);
    rig.world.sap.add_invoice(document("V0001", vec![line("A1", 1, "10")])).unwrap();
    rig.poller.handle(json!({"object": "invoices"}), rig.world.deadline(120)).await.unwrap();
    // The supplier was never seen: the invoice waits for it.
    rig.poller.pipeline.work(1).await.unwrap();
    let due = rig.world.store.next_parked().await.unwrap().unwrap();
    let parked = |lines: &functions::testing::Lines| lines.with("Parked").pop().unwrap()["Parked"].clone();

    let answer = rig.poller.handle(json!({"release": true}), rig.world.deadline(60)).await.unwrap();
    assert_eq!((answer, parked(&rig.world.lines)), (json!({"released": 0}), json!(1)));
    let wait: SignedDuration = due.duration_since(rig.world.time.now());
    rig.world.time.pass(Duration::try_from(wait).unwrap());
    let answer = rig.poller.handle(json!({"release": true}), rig.world.deadline(60)).await.unwrap();
    assert_eq!((answer, parked(&rig.world.lines)), (json!({"released": 1}), json!(0)));
    assert_eq!(rig.world.lines.with("DeadLetters").pop().unwrap()["DeadLetters"], 0);
}

#[tokio::test]
async fn an_object_that_the_config_leaves_out_is_skipped() {
    let world = World::new();
    let config = world.config(10, "objects = [\"invoices\"]");
    let pipeline = world.pipeline(&config);
    let poller = poller(pipeline, Box::new(Invoked::default()), &world, config);
    let answer = poller.handle(json!({"object": "suppliers"}), world.deadline(60)).await.unwrap();
    assert_eq!(answer, json!({"skipped": "suppliers"}));
}

#[tokio::test]
async fn a_bad_event_is_a_coded_error() {
    let rig = rig(1, 10, Duration::ZERO);
    for (event, code) in [
        (json!({"object": "PurchaseInvoices"}), Code::ObjectUnknown),
        (json!({"object": "invoices", "backfill": {"since": "soon"}}), Code::EventForeign),
        (json!({"object": "invoices", "release": true}), Code::EventForeign),
        (json!({}), Code::EventForeign),
        (json!([]), Code::EventForeign),
        (json!({"Records": [{"eventSource": "aws:s3"}]}), Code::EventForeign),
    ] {
        let failure = rig.poller.handle(event.clone(), rig.world.deadline(60)).await.unwrap_err();
        assert_eq!(failure.code, code, "{event}");
    }
    assert_eq!(queued(&rig.world).await, 0);
}

#[tokio::test]
async fn a_poll_that_fails_is_told_and_still_releases() {
    let mut world = World::new();
    world.sap_password = "yesterday's";
    let config = world.config(10, "");
    let pipeline = world.pipeline(&config);
    let poller = poller(pipeline, Box::new(Invoked::default()), &world, config);
    let failure = poller.handle(json!({"object": "suppliers"}), world.deadline(60)).await.unwrap_err();
    assert_eq!(failure.code, Code::SapLoginRefused);
    assert_eq!(world.lines.with("PollFailed").len(), 1);
    assert_eq!(world.lines.with("AuthFailures").len(), 1);
    assert!(world.lines.with("PollSucceeded").is_empty());
}

#[tokio::test]
async fn how_long_sap_is_away_is_noted_until_a_poll_succeeds() {
    let rig = rig(1, 10, Duration::ZERO);
    let noted = async || Outage::read(rig.world.store.as_ref(), System::Sap).await.unwrap();
    let poll = async || rig.poller.handle(json!({"object": "suppliers"}), rig.world.deadline(120)).await;
    rig.world.sap.inject(simulators::sap::Fault::bad_gateway().times(1_000));
    let since = rig.world.time.now();
    for _ in 0..4 {
        assert_eq!(poll().await.unwrap_err().code, Code::SapUnreachable);
        rig.world.time.pass(Duration::from_secs(300));
    }
    let outage = noted().await.unwrap();
    assert!(
        outage.is_long() && outage.since.duration_since(since) < SignedDuration::from_mins(1),
        "{outage:?}"
    );
    rig.world.sap.clear_faults();
    poll().await.unwrap();
    assert_eq!(noted().await, None);
}
