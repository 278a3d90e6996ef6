//! What the function reads from an event, and what it answers.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

use functions::testing::{Steps, World};
use model::{Clock as _, Code};
use pipeline::replay::Replay;
use serde_json::json;
use std::sync::{Arc, atomic::AtomicBool};
use store::Queue as _;

fn replay(world: &World) -> Replay {
    Replay {
        company: world.company(),
        queue: Arc::clone(&world.store) as _,
        state: Arc::clone(&world.store) as _,
        audit: Arc::clone(&world.store) as _,
        clock: Arc::new(world.time.clone()),
        random: Arc::new(Steps::default()),
        per_second: 2,
        stopping: Arc::new(AtomicBool::new(false)),
    }
}

#[tokio::test]
async fn documents_are_put_back_and_counted() {
    let world = World::new();
    let event = json!({"documents": [
        {"kind": "invoice", "number": "100237"},
        {"kind": "purchase_orders", "key": 812},
        {"kind": "payment", "number": "A-1"},
    ]});
    let answer = replay::handle(&replay(&world), event, world.deadline(300)).await.unwrap();
    let unknown = json!([{"kind": "payment", "number": "A-1"}]);
    assert_eq!(answer, json!({"queued": 2, "left": 0, "unknown": unknown}));
    let visibility = jiff::SignedDuration::from_mins(1);
    assert_eq!(world.store.receive(10, visibility, world.time.now()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_there_was_no_time_for_is_left() {
    let world = World::new();
    let replay = replay(&world);
    let documents: Vec<_> = (1..=40).map(|key| json!({"kind": "invoice", "key": key})).collect();
    let event = json!({"documents": documents});
    let answer = replay::handle(&replay, event.clone(), world.deadline(15)).await.unwrap();
    let queued = answer["queued"].as_u64().unwrap();
    assert!(queued > 0 && queued < 40, "{answer}");
    assert_eq!(answer["left"], 40 - queued);
    let answer = replay::handle(&replay, event, world.deadline(600)).await.unwrap();
    assert_eq!(answer["left"], 0, "the next event has its own time");
}

#[tokio::test]
async fn filters_are_read() {
    let world = World::new();
    for event in [
        json!({"code": "bc-0205", "kind": "invoice", "since": "2026-11-01", "until": "2026-11-02T08:00:00Z"}),
        json!({"since": "2026-11-01", "all": true, "limit": 3}),
    ] {
        let answer = replay::handle(&replay(&world), event, world.deadline(300)).await.unwrap();
        assert_eq!(answer, json!({"queued": 0, "left": 0, "unknown": []}));
    }
}

#[tokio::test]
async fn a_bad_event_is_a_coded_error() {
    let world = World::new();
    for (event, code) in [
        (json!({}), Code::EventForeign),
        (json!("x"), Code::EventForeign),
        (json!({"code": "BC-9999"}), Code::EventForeign),
        (json!({"kind": "PurchaseInvoices"}), Code::ObjectUnknown),
        (json!({"since": "yesterday"}), Code::EventForeign),
        (json!({"all": true, "kind": "invoice"}), Code::EventForeign),
        (json!({"documents": [{"kind": "invoice"}]}), Code::EventForeign),
        (json!({"documents": [{"kind": "invoice", "number": "1"}], "kind": "invoice"}), Code::EventForeign),
        (json!({"Records": []}), Code::EventForeign),
    ] {
        let failure = replay::handle(&replay(&world), event.clone(), world.deadline(300)).await.unwrap_err();
        assert_eq!(failure.code, code, "{event}");
    }
}
