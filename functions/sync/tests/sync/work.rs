use async_trait::async_trait;
use functions::testing::World;
use jiff::SignedDuration;
use model::{Clock as _, Code, ObjectKind};
use pipeline::Pipeline;
use simulators::samples::supplier;
use std::{sync::Arc, time::Duration};
use store::{Queue as _, Received, StateStore as _};
use wire::{Limits, Request, Response, Transport, TransportError};

const VISIBILITY: SignedDuration = SignedDuration::from_mins(12);

/// Suppliers on their way, received and in the function's hands.
async fn received(world: &World, suppliers: &[&str]) -> (Pipeline, Vec<Received>) {
    // One after the other, so that time can run short between two.
    for code in suppliers {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let pipeline = world.pipeline(&world.config(100, "workers = 1"));
    while pipeline.poll(ObjectKind::Supplier).await.unwrap().more {}
    let received = world.store.receive(100, VISIBILITY, world.time.now()).await.unwrap();
    assert_eq!(received.len(), suppliers.len());
    (pipeline, received)
}

async fn left(world: &World) -> u64 {
    world.store.depth().await.unwrap().by_lane.values().sum()
}

#[tokio::test]
async fn a_batch_is_worked_off_acked_and_told() {
    let world = World::new();
    let (pipeline, received) = received(&world, &["V1", "V2", "V3"]).await;
    world.time.pass(Duration::from_secs(7));
    let queue = Arc::clone(&world.store) as _;
    sync::work(&pipeline, &world.figures(), queue, received, world.deadline(120)).await;
    assert_eq!((left(&world).await, world.coupa.suppliers().len()), (0, 3));
    let documents = world.lines.with("Documents");
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert_eq!(documents[0]["Outcome"], "created");
    assert_eq!(documents[0]["Documents"], 3);
    let lags = world.lines.with("LagMs");
    assert_eq!(lags.len(), 2, "in all, and by object");
    assert!(
        lags[1]["LagMs"].as_array().unwrap().iter().all(|lag| lag.as_u64().unwrap() >= 7_000),
        "{lags:?}"
    );
    assert!(world.lines.with("CoupaCalls")[0]["CoupaCalls"].as_u64().unwrap() >= 3);
    assert!(world.lines.with("SyncErrors").is_empty());
}

/// What was not begun when the time ran short is back in the queue at once, and its lease is free.
#[tokio::test]
async fn without_time_everything_goes_back_unharmed() {
    let world = World::new();
    let (pipeline, received) = received(&world, &["V1", "V2"]).await;
    let figures = world.figures();
    let queue = || Arc::clone(&world.store) as _;
    sync::work(&pipeline, &figures, queue(), received, world.deadline(30)).await;
    assert_eq!((left(&world).await, world.coupa.suppliers().len()), (2, 0));
    assert_eq!(world.coupa.writes().values().sum::<u64>(), 0);

    world.time.pass(Duration::from_secs(1));
    let again = world.store.receive(100, VISIBILITY, world.time.now()).await.unwrap();
    assert_eq!(again.len(), 2, "they can be received without a wait");
    sync::work(&pipeline, &figures, queue(), again, world.deadline(120)).await;
    assert_eq!((left(&world).await, world.coupa.suppliers().len()), (0, 2));
}

/// Each call takes so long that the time runs short in the middle of the batch.
#[tokio::test]
async fn what_was_begun_is_finished_and_the_rest_goes_back() {
    let mut world = World::new();
    world.coupa_takes = Duration::from_secs(9);
    let codes: Vec<String> = (1..=20).map(|number| format!("V{number:02}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let (pipeline, received) = received(&world, &codes).await;
    let deadline = world.deadline(120);
    let queue = Arc::clone(&world.store) as _;
    sync::work(&pipeline, &world.figures(), queue, received, deadline).await;
    assert!(world.time.now() < deadline.0, "it answers in time");
    let there = u64::try_from(world.coupa.suppliers().len()).unwrap();
    assert!(there > 0 && there < 20, "{there}");
    assert_eq!(left(&world).await, 20 - there);
    assert!(world.coupa.duplicates().is_empty());
    assert!(world.store.dead_letters().await.unwrap().is_empty());
}

/// A client that panics where it is to write what it can't bear.
struct Fragile(Arc<dyn Transport>);

#[async_trait]
impl Transport for Fragile {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let write = request.method() != http::Method::GET;
        let poisoned = write && String::from_utf8_lossy(request.body()).contains("V2");
        assert!(!poisoned, "it was poisoned");
        self.0.send(request, limits).await
    }
}

#[tokio::test]
async fn a_panic_is_one_failed_document() {
    let mut world = World::new();
    world.around_coupa = |transport| Arc::new(Fragile(transport));
    let (pipeline, received) = received(&world, &["V1", "V2", "V3"]).await;
    let queue = Arc::clone(&world.store) as _;
    sync::work(&pipeline, &world.figures(), queue, received, world.deadline(120)).await;
    assert_eq!((left(&world).await, world.coupa.suppliers().len()), (0, 2));
    let letters = world.store.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].letter.code, Code::Panicked);
}

#[tokio::test]
async fn a_refused_log_in_is_told() {
    let mut world = World::new();
    let (_, received) = received(&world, &["V1"]).await;
    world.sap_password = "yesterday's";
    let pipeline = world.pipeline(&world.config(100, ""));
    let queue = Arc::clone(&world.store) as _;
    sync::work(&pipeline, &world.figures(), queue, received, world.deadline(120)).await;
    assert_eq!(world.lines.with("AuthFailures")[0]["AuthFailures"], 1);
    let waits = left(&world).await + u64::try_from(world.store.parked(10).await.unwrap().len()).unwrap();
    assert_eq!(waits, 1, "it comes again");
}
