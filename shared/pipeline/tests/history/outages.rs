//! One side is away for hours: nothing is lost, nothing is hammered, and everything goes on by itself.

use crate::world::{World, document, line, supplier};
use jiff::{SignedDuration, Timestamp, civil::date};
use model::{AuditOutcome, Clock as _};
use pipeline::Pipeline;
use simulators::{
    compare::differences,
    coupa::{Effect, Fault},
    sap::{DocumentKind, Fault as SapFault, FaultKind, LineSpec},
};
use std::time::Duration;
use store::{AuditFilter, AuditTrail as _, Queue as _, StateStore as _};

const COUNT: i64 = 40;

fn company() -> (World, Pipeline) {
    let world = World::new();
    world.sap.add_supplier(supplier("V1")).unwrap();
    for _ in 0..COUNT {
        let order = world.sap.add_purchase_order(document("V1", vec![line("A1", 2, "50")])).unwrap();
        let part = LineSpec::copied_from(DocumentKind::Order, order, 0);
        world.sap.add_invoice(document("V1", vec![part])).unwrap();
    }
    let worker = world.worker("one");
    (world, worker)
}

/// Polls every five minutes and works in between, up to `end`.
async fn run(world: &World, workers: &[&Pipeline], end: Timestamp) {
    while world.clock.now() < end {
        let next = (world.clock.now() + SignedDuration::from_mins(5)).min(end);
        for worker in workers {
            for kind in model::ObjectKind::ALL {
                while worker.poll(kind).await.is_ok_and(|report| report.more) {}
            }
        }
        while world.clock.now() < next {
            for worker in workers {
                worker.release_due().await.unwrap();
                worker.work(50).await.unwrap();
            }
            let due = [world.store.next_due().await.unwrap(), world.store.next_parked().await.unwrap()];
            let due = due.into_iter().flatten().min().unwrap_or(next);
            let now = world.clock.now();
            world.clock.set(due.max(now).min(next.max(now)));
        }
    }
}

async fn recovered(world: &World, worker: &Pipeline) {
    run(world, &[worker], world.clock.now() + SignedDuration::from_mins(90)).await;
    let found = differences(&world.sap, &world.coupa, date(2026, 1, 1));
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(world.store.dead_letters().await.unwrap(), []);
}

#[tokio::test]
async fn coupa_is_down_for_hours() {
    for effect in [
        Effect::DropBefore,
        Effect::FailBefore(503),
        Effect::Html(502),
        Effect::LateArrival { applied_after: Duration::from_secs(99), hang: Duration::from_secs(30) },
    ] {
        let (world, worker) = company();
        let other = world.worker("two");
        let fault = Fault { path_prefix: "/api".to_owned(), ..Fault::next(effect.clone()) };
        world.coupa.plan(fault.times(u64::MAX));
        let calls = world.coupa.api_requests();
        let end = world.clock.now() + SignedDuration::from_hours(6);
        run(&world, &[&worker, &other], end).await;
        let calls = world.coupa.exchanges().len().max(world.coupa.api_requests() - calls);
        assert!(calls < 1_200, "{effect:?}: {calls} calls to a Coupa that is down");
        assert_eq!(world.store.dead_letters().await.unwrap(), [], "{effect:?}");
        world.coupa.clear_faults();
        recovered(&world, &worker).await;
    }
}

#[tokio::test]
async fn sap_is_down_for_hours() {
    for what in [
        FaultKind::DropBeforeWork,
        FaultKind::Garble,
        FaultKind::Truncate(20),
        FaultKind::Delay(Duration::from_secs(100)),
    ] {
        let (world, worker) = company();
        world.poll(&worker).await;
        let other = world.worker("two");
        let end = world.clock.now() + SignedDuration::from_hours(6);
        let requests = world.sap.request_count();
        world.sap.inject(SapFault::new(what.clone()).until(end));
        run(&world, &[&worker, &other], end).await;
        let requests = world.sap.request_count() - requests;
        assert!(requests < 4_000, "{what:?}: {requests} requests to a SAP that is down");
        assert_eq!(world.store.dead_letters().await.unwrap(), [], "{what:?}");
        assert!(world.coupa.invoices().is_empty());
        recovered(&world, &worker).await;
        let trail = world.store.list(&AuditFilter { failed: true, since: None, limit: 9 }).await.unwrap();
        assert_eq!(trail, [], "an outage fails nothing for good");
    }
}

#[tokio::test]
async fn our_own_queue_is_away_for_a_while() {
    use crate::rig::{Lifeline, Ties};
    use std::sync::{Arc, atomic::Ordering::SeqCst};
    let (world, worker) = company();
    let life = Lifeline::immortal();
    let shaky = world.tied("shaky", &Ties { life: Arc::clone(&life), ..Ties::default() });
    world.poll(&worker).await;
    life.refuses_sends.store(true, SeqCst);
    for _ in 0..4 {
        let _ = shaky.work(50).await;
        world.pass(200);
    }
    life.refuses_sends.store(false, SeqCst);
    world.work_through(&shaky, 3).await;
    recovered(&world, &worker).await;
    let trail = world.store.list(&AuditFilter { limit: 999, ..Default::default() }).await.unwrap();
    assert!(trail.iter().all(|entry| entry.outcome != AuditOutcome::Failed));
}
