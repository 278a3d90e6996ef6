//! Whatever a batch holds and whatever becomes of it: what is done is not named, what isn't is, and nothing spoils anything else.

use crate::{
    events::{change, record},
    queues::queues,
};
use async_trait::async_trait;
use functions::testing::World;
use proptest::prelude::*;
use serde_json::{Value, json};
use simulators::samples::supplier;
use std::{collections::BTreeSet, sync::Arc};
use store::StateStore as _;
use sync::Sync;
use wire::{Limits, Request, Response, Transport, TransportError};

/// A message of the batch.
#[derive(Clone, Copy, Debug)]
enum Message {
    /// A supplier that goes over.
    Good(u8),
    /// One over which the worker panics.
    Panics(u8),
    /// One that Coupa can't be reached for.
    Unreachable(u8),
    NoChange,
    OfALaterVersion,
    OfAnotherQueue,
}

impl Message {
    fn code(self) -> Option<String> {
        match self {
            Self::Good(number) => Some(format!("GOOD{number}")),
            Self::Panics(number) => Some(format!("PANIC{number}")),
            Self::Unreachable(number) => Some(format!("AWAY{number}")),
            Self::NoChange | Self::OfALaterVersion | Self::OfAnotherQueue => None,
        }
    }

    fn record(self, id: &str, world: &World) -> Value {
        let good = || change(world, "GOOD0");
        match self {
            Self::NoChange => record(id, "live", "hello"),
            Self::OfALaterVersion => record(id, "live", &good().replace("\"v\":1", "\"v\":2")),
            Self::OfAnotherQueue => record(id, "somebody-elses", &good()),
            _ => record(id, "live", &change(world, &self.code().unwrap_or_default())),
        }
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        4 => (1..4_u8).prop_map(Message::Good),
        1 => (1..3_u8).prop_map(Message::Panics),
        2 => (1..3_u8).prop_map(Message::Unreachable),
        1 => Just(Message::NoChange),
        1 => Just(Message::OfALaterVersion),
        1 => Just(Message::OfAnotherQueue),
    ]
}

/// A way to Coupa that does with a new supplier what its number says.
struct Moody(Arc<dyn Transport>);

#[async_trait]
impl Transport for Moody {
    async fn send(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        assert!(!body.contains("\"PANIC"), "it was poisoned");
        if body.contains("\"AWAY") {
            return Err(TransportError::NotSent("nobody is there".to_owned()));
        }
        self.0.send(request, limits).await
    }
}

async fn play(batch: &[Message], in_time: bool) {
    let mut world = World::new();
    world.around_coupa = |transport| Arc::new(Moody(transport));
    let codes: BTreeSet<String> = batch.iter().filter_map(|message| message.code()).collect();
    for code in &codes {
        world.sap.add_supplier(supplier(code)).unwrap();
    }
    let (queue, asked) = queues(&world).await;
    let pipeline = world.pipeline(&world.config(100, ""));
    let coupa = notify::Watch::over(notify::System::Coupa);
    let sync = Sync { pipeline, queue, figures: world.figures(), coupa };

    let ids = (0..).map(|at: usize| at.to_string());
    let records: Vec<Value> =
        batch.iter().zip(ids).map(|(message, id)| message.record(&id, &world)).collect();
    let deadline = world.deadline(if in_time { 120 } else { 20 });
    let answer = sync.handle(json!({ "Records": records }), deadline).await.unwrap();

    let named = answer["batchItemFailures"].as_array().unwrap();
    let named: Vec<usize> =
        named.iter().map(|item| item["itemIdentifier"].as_str().unwrap().parse().unwrap()).collect();
    let unfinished = |message: &Message| match message {
        Message::Good(_) | Message::Panics(_) => !in_time,
        Message::Unreachable(_) => true,
        Message::NoChange | Message::OfALaterVersion | Message::OfAnotherQueue => false,
    };
    let expected: Vec<usize> =
        batch.iter().enumerate().filter(|(_, message)| unfinished(message)).map(|(at, _)| at).collect();
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), expected.iter().copied().collect());
    assert_eq!(named.len(), expected.len(), "each once: {named:?}");

    let there: BTreeSet<String> =
        world.coupa.suppliers().into_iter().map(|supplier| supplier.number).collect();
    let good: BTreeSet<String> =
        codes.iter().filter(|code| in_time && code.starts_with("GOOD")).cloned().collect();
    assert_eq!(there, good);
    let panicked = codes.iter().filter(|code| in_time && code.starts_with("PANIC")).count();
    assert_eq!(world.store.dead_letters().await.unwrap().len(), panicked);
    let aside = batch.iter().filter(|message| message.code().is_none()).count();
    assert_eq!(
        asked.of("SendMessage").len(),
        aside + panicked,
        "what is no change, and each dead letter's copy"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_not_done_is_named_and_nothing_else(
        batch in prop::collection::vec(message(), 1..=10), in_time in prop::bool::weighted(0.8),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play(&batch, in_time));
    }
}
