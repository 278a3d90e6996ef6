//! Whatever a batch holds and whatever becomes of it: what is done is not named, what isn't is, and nothing spoils anything else.

use crate::{
    events::{change, record},
    moods::{Mood, Moody},
    queues::{Asked, queues},
    throttled::Throttled,
};
use functions::testing::World;
use jiff::{SignedDuration, Timestamp};
use model::{Clock as _, Code, CorrelationId, DocumentItem, DocumentKey, ObjectKind, Owner};
use pipeline::Pipeline;
use proptest::prelude::*;
use serde_json::{Value, json};
use simulators::samples::{document, line, supplier};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use store::{LeaseReply, LeaseRequest, StateStore as _};
use sync::Sync;

/// A message of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Supplier(Mood, u8),
    /// An order, whose supplier is not in Coupa.
    Waiting(i64),
    NoChange,
    OfALaterVersion,
    OfAnotherQueue,
}

/// The supplier that orders wait for.
const WAITED_FOR: &str = "WAITED-FOR";
const ORDERS: i64 = 2;

impl Message {
    fn code(self) -> Option<String> {
        match self {
            Self::Supplier(mood, number) => Some(format!("{}{number}", mood.name())),
            _ => None,
        }
    }

    fn document(self, world: &World) -> Option<DocumentKey> {
        let company = world.company();
        match self {
            Self::Waiting(entry) => Some(DocumentKey::entry(&company, ObjectKind::PurchaseOrder, entry)),
            _ => Some(format!("{}/supplier/{}", company.0, self.code()?).parse().unwrap()),
        }
    }

    fn record(self, id: &str, world: &World) -> Value {
        let good = || change(world, "GOOD0");
        match self {
            Self::NoChange => record(id, "live", "hello"),
            Self::OfALaterVersion => record(id, "live", &good().replace("\"v\":1", "\"v\":2")),
            Self::OfAnotherQueue => record(id, "somebody-elses", &good()),
            Self::Waiting(entry) => {
                record(id, "live", &good().replace("supplier/GOOD0", &format!("purchase_order/{entry}")))
            }
            Self::Supplier(..) => record(id, "live", &change(world, &self.code().unwrap())),
        }
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        20 => (Mood::any(), 1..3_u8).prop_map(|(mood, number)| Message::Supplier(mood, number)),
        2 => (1..=ORDERS).prop_map(Message::Waiting),
        1 => Just(Message::NoChange),
        1 => Just(Message::OfALaterVersion),
        1 => Just(Message::OfAnotherQueue),
    ]
}

/// How long there is, and how long each call to Coupa takes.
#[derive(Clone, Copy, Debug)]
struct Pace {
    seconds: i64,
    each_takes: u64,
}

impl Pace {
    fn in_time(self) -> bool {
        self.each_takes == 0 && self.seconds == 120
    }
}

/// Enough time, none, or some, which runs out wherever it does.
fn pace() -> impl Strategy<Value = Pace> {
    prop_oneof![
        5 => Just(Pace { seconds: 120, each_takes: 0 }),
        1 => Just(Pace { seconds: 20, each_takes: 0 }),
        4 => (36..130_i64, 2..20_u64).prop_map(|(seconds, each_takes)| Pace { seconds, each_takes }),
    ]
}

/// A batch, before and after.
struct Play<'a> {
    batch: &'a [Message],
    pace: Pace,
    world: World,
    asked: Asked,
    began: Timestamp,
    named: Vec<usize>,
}

impl Play<'_> {
    fn all(&self, mood: impl Fn(Mood) -> bool) -> BTreeSet<String> {
        let of_mood = |one: &&Message| matches!(one, Message::Supplier(one, _) if mood(*one));
        self.batch.iter().filter(of_mood).filter_map(|one| one.code()).collect()
    }

    fn is_there(&self, message: Message) -> bool {
        let code = message.code().unwrap();
        self.world.coupa.suppliers().iter().any(|supplier| supplier.number == code)
    }

    async fn item(&self, message: Message) -> DocumentItem {
        let document = message.document(&self.world).unwrap();
        self.world.store.items(&[document]).await.unwrap().remove(0).unwrap_or_default()
    }

    /// With time enough, each message's end is known.
    fn must_be_named(&self, message: Message) -> bool {
        let shut = !self.all(|mood| mood == Mood::NoLease).is_empty();
        match message {
            Message::Supplier(mood, _) => shut || !mood.is_over(),
            // Their turn comes after the suppliers, unless the store fails.
            Message::Waiting(_) => !self.all(Mood::fails_the_store).is_empty(),
            Message::NoChange | Message::OfALaterVersion | Message::OfAnotherQueue => false,
        }
    }

    /// Lambda deletes it: there is something that shows that it was dealt with.
    async fn is_dealt_with(&self, message: Message) {
        match message {
            Message::Supplier(Mood::Good, _) => {
                assert!(self.is_there(message) && self.item(message).await.link.is_some(), "{message:?}");
            }
            Message::Supplier(mood @ (Mood::Panics | Mood::Refused), _) => {
                let letter = self.item(message).await.dead_letter.unwrap();
                let code = if mood == Mood::Panics { Code::Panicked } else { Code::CoupaRefused };
                assert_eq!(letter.code, code);
                let document = message.document(&self.world).unwrap().to_string();
                let copied = |sent: &Value| sent["MessageAttributes"]["document"]["StringValue"] == document;
                assert_eq!(self.asked.of("SendMessage").iter().filter(|sent| copied(sent)).count(), 1);
            }
            Message::Waiting(_) => {
                let parked = self.item(message).await.parked.unwrap();
                assert!(parked.waits_for.unwrap().to_string().ends_with(WAITED_FOR));
                let brought = self.asked.of("SendMessageBatch");
                assert!(brought.iter().any(|sent| sent.to_string().contains(WAITED_FOR)), "{brought:?}");
            }
            Message::Supplier(..) => panic!("{message:?} can't have been dealt with"),
            Message::NoChange | Message::OfALaterVersion | Message::OfAnotherQueue => {}
        }
    }

    /// When it is seen again, in seconds, where that was said.
    fn delay(&self, at: usize) -> Option<i64> {
        let asked = self.asked.of("ChangeMessageVisibility");
        let of_it: Vec<_> =
            asked.iter().filter(|input| input["ReceiptHandle"] == format!("handle-{at}")).collect();
        assert!(of_it.len() <= 1, "{of_it:?}");
        of_it.first().map(|input| input["VisibilityTimeout"].as_i64().unwrap())
    }

    /// It comes again: when it is of use, and what was begun is known to have been.
    async fn comes_again(&self, at: usize, message: Message) {
        let delay = self.delay(at);
        let begun = self.pace.in_time() && self.all(|mood| mood == Mood::NoLease).is_empty();
        let Message::Supplier(mood, _) = message else {
            return assert!(delay.is_none_or(|delay| delay <= 1));
        };
        let item = self.item(message).await;
        let unknown = matches!(mood, Mood::ReplyLost | Mood::RequestLost);
        if let Some(delay) = delay {
            // Whose end says that a write may have gone out, is not asked after before that has surely arrived.
            let until = self.world.time.now() + SignedDuration::from_secs(delay);
            if unknown && item.unknown.is_some() && item.tries > 0 {
                assert!(until >= self.began + SignedDuration::from_secs(90), "it may still arrive: {delay}");
            } else {
                assert!(delay <= if mood == Mood::Held { 3 } else { 2 }, "{message:?}: {delay}");
            }
        }
        if begun {
            assert_eq!(delay.is_some(), !mood.fails_the_store(), "{message:?}: {delay:?}");
            assert_eq!(item.unknown.is_some(), unknown, "{message:?}");
            let arrives = !matches!(mood, Mood::RequestLost | Mood::Unreachable | Mood::Held);
            assert_eq!(self.is_there(message), arrives, "{message:?}");
        }
    }

    async fn check(&self) {
        let named: BTreeSet<usize> = self.named.iter().copied().collect();
        assert_eq!(named.len(), self.named.len(), "each once: {:?}", self.named);
        for (at, message) in self.batch.iter().copied().enumerate() {
            if self.pace.in_time() {
                assert_eq!(named.contains(&at), self.must_be_named(message), "{message:?}");
            }
            if named.contains(&at) {
                self.comes_again(at, message).await;
            } else {
                self.is_dealt_with(message).await;
                assert_eq!(self.delay(at), None, "{message:?} is done with, and returned all the same");
            }
        }
        let aside = self.batch.iter().filter(|message| message.document(&self.world).is_none()).count();
        let letters = self.world.store.dead_letters().await.unwrap().len();
        let copies = self.asked.of("SendMessage").len() - aside;
        // Time may run out between a letter and its copy: its message comes again.
        assert!(copies == letters || copies < letters && !self.pace.in_time(), "{copies} of {letters}");
    }

    /// What was named comes once more when nothing is amiss any longer: it is done, and nothing is there twice.
    async fn heals(mut self) {
        self.world.around_coupa = |transport| transport;
        self.world.coupa_takes = Duration::ZERO;
        self.world.time.pass(Duration::from_secs(3_600));
        let pipeline = self.world.pipeline(&self.world.config(100, ""));
        let records = self.named.iter().map(|at| self.batch[*at].record(&at.to_string(), &self.world));
        let records: Vec<Value> = records.collect();
        if !records.is_empty() {
            assert_eq!(handle(&self.world, pipeline, records, 120).await.0, Vec::<usize>::new());
        }
        let mut there: BTreeMap<String, usize> = BTreeMap::new();
        for supplier in self.world.coupa.suppliers() {
            *there.entry(supplier.number).or_default() += 1;
        }
        let given_up = |at: &usize| {
            !self.named.contains(at) && !matches!(self.batch[*at], Message::Supplier(Mood::Good, _))
        };
        let mut expected = self.all(|_| true);
        for at in (0..self.batch.len()).filter(given_up) {
            expected.remove(&self.batch[at].code().unwrap_or_default());
        }
        assert_eq!(there, expected.into_iter().map(|code| (code, 1)).collect());
    }
}

/// What the answer names, and what was asked of SQS.
async fn handle(world: &World, pipeline: Pipeline, records: Vec<Value>, seconds: i64) -> (Vec<usize>, Asked) {
    let (queue, asked) = queues(world).await;
    let coupa = notify::Watch::over(notify::System::Coupa);
    let sync = Sync { pipeline, queue, figures: world.figures(), coupa };
    let answer = sync.handle(json!({ "Records": records }), world.deadline(seconds)).await.unwrap();
    let named = answer["batchItemFailures"].as_array().unwrap();
    let number = |item: &Value| item["itemIdentifier"].as_str().unwrap().parse().unwrap();
    (named.iter().map(number).collect(), asked)
}

async fn play(batch: &[Message], pace: Pace, workers: u8) {
    let mut world = World::new();
    world.around_coupa = |transport| Arc::new(Moody(transport));
    world.coupa_takes = Duration::from_secs(pace.each_takes);
    for code in batch.iter().filter_map(|message| message.code()).collect::<BTreeSet<_>>() {
        world.sap.add_supplier(supplier(&code)).unwrap();
    }
    world.sap.add_supplier(supplier(WAITED_FOR)).unwrap();
    for entry in 1..=ORDERS {
        let order = document(WAITED_FOR, vec![line("A1", 1, "100")]);
        assert_eq!(world.sap.add_purchase_order(order).unwrap(), entry);
    }
    hold(&world, batch).await;
    let pipeline = world.pipeline(&world.config(100, &format!("workers = {workers}")));
    let state = Arc::new(Throttled(Arc::clone(&world.store)));
    let records = batch.iter().enumerate().map(|(at, message)| message.record(&at.to_string(), &world));
    let (records, began) = (records.collect(), world.time.now());
    let (named, asked) = handle(&world, Pipeline { state, ..pipeline }, records, pace.seconds).await;
    let play = Play { batch, pace, world, asked, began, named };
    play.check().await;
    play.heals().await;
}

/// Another worker has leases on these.
async fn hold(world: &World, batch: &[Message]) {
    let held = batch.iter().filter(|message| matches!(message, Message::Supplier(Mood::Held, _)));
    for document in held.filter_map(|message| message.document(world)).collect::<BTreeSet<_>>() {
        let request = LeaseRequest {
            document,
            owner: Owner("another".to_owned()),
            now: world.time.now(),
            until: world.time.now() + SignedDuration::from_mins(10),
            correlation: CorrelationId("another".to_owned()),
        };
        let reply = world.store.take_leases(&[request]).await.unwrap().remove(0);
        assert!(matches!(reply, LeaseReply::Taken(..)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_not_done_is_named_and_nothing_else(
        batch in prop::collection::vec(message(), 1..=10), pace in pace(), workers in 1..5_u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&batch, pace, workers));
    }
}
