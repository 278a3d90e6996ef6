//! What the function tells, of what it finds in the books of a company.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by failing, in its helpers too"
)]

use async_trait::async_trait;
use functions::testing::World;
use jiff::SignedDuration;
use model::{
    Clock as _, Code, CorrelationId, DeadLetter, DocumentItem, DocumentKey, LocalSecret, ObjectKind, Owner,
    SharedSecret as _,
};
use notifier::{Notification, Notifier, Topic};
use notify::{System, Watch};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{Finish, FinishedDocument, LeaseReply, LeaseRequest, StateStore as _};

/// A topic that keeps what it takes, unless it is closed.
#[derive(Clone, Default)]
struct Heard {
    notifications: Arc<Mutex<Vec<Notification>>>,
    closed: Arc<Mutex<bool>>,
}

#[async_trait]
impl Topic for Heard {
    async fn publish(&self, notification: &Notification) -> Result<(), String> {
        if *self.closed.lock().unwrap() {
            return Err("AuthorizationError: not authorized to perform SNS:Publish".to_owned());
        }
        self.notifications.lock().unwrap().push(notification.clone());
        Ok(())
    }
}

struct Rig {
    world: World,
    notifier: Notifier,
    heard: Heard,
    cell: Arc<LocalSecret>,
}

fn rig() -> Rig {
    let (world, heard, cell) = (World::new(), Heard::default(), Arc::new(LocalSecret::default()));
    let notifier = Notifier {
        state: Arc::clone(&world.store) as _,
        session: Arc::clone(&cell) as _,
        company: world.company(),
        pause: SignedDuration::from_hours(1),
        clock: Arc::new(world.time.clone()),
        topic: Box::new(heard.clone()),
    };
    Rig { world, notifier, heard, cell }
}

impl Rig {
    /// An invoice that failed for good just now.
    async fn fails(&self, entry: i64, code: Code) {
        let document = DocumentKey::entry(&self.world.company(), ObjectKind::Invoice, entry);
        let now = self.world.time.now();
        let request = LeaseRequest {
            document,
            owner: Owner("test".to_owned()),
            now,
            until: now + SignedDuration::from_mins(1),
            correlation: CorrelationId("c".to_owned()),
        };
        let replies = self.world.store.take_leases(&[request]).await.unwrap();
        let Some(LeaseReply::Taken(lease, _)) = replies.into_iter().next() else { panic!("it is held") };
        let letter = DeadLetter { code, message: "a name that nobody must read".to_owned(), at: now };
        let item = DocumentItem {
            number: Some(format!("10{entry}")),
            dead_letter: Some(letter),
            ..DocumentItem::default()
        };
        let documents = vec![FinishedDocument { lease, item }];
        self.world.store.finish(Finish { documents, audit: vec![] }).await.unwrap();
    }

    async fn look(&self) -> Result<bool, Failed> {
        let answer = self.notifier.handle(json!({"tell": "news"})).await;
        answer
            .map(|answer| answer["told"].as_bool().unwrap())
            .map_err(|failure| (failure.code, failure.message))
    }

    fn heard(&self) -> Vec<Notification> {
        self.heard.notifications.lock().unwrap().clone()
    }

    fn pass_minutes(&self, minutes: u64) {
        self.world.time.pass(Duration::from_secs(60 * minutes));
    }
}

type Failed = (Code, String);

/// What a subscriber gets: a program, or else a person.
fn body(notification: &Notification, protocol: &str) -> String {
    let texts: Value = serde_json::from_str(&notification.body).unwrap();
    texts[protocol].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn many_documents_with_one_cause_are_one_message_and_it_is_told_once() {
    let rig = rig();
    assert_eq!(rig.look().await, Ok(false), "nothing has failed");
    for entry in 1..=30 {
        rig.fails(entry, Code::CodeNotMapped).await;
    }
    rig.pass_minutes(1);
    assert_eq!(rig.look().await, Ok(true));
    for _ in 0..3 {
        rig.pass_minutes(90);
        assert_eq!(rig.look().await, Ok(false));
    }
    let heard = rig.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].subject, "b1-coupa SBODEMO_ACME: 30 documents failed (BC-0302)");
    let text = body(&heard[0], "email");
    assert!(text.contains("30 documents, new") && text.contains("and 25 more"), "{text}");
    let digest: Value = serde_json::from_str(&body(&heard[0], "default")).unwrap();
    assert_eq!((&digest["kind"], &digest["codes"][0]["count"]), (&json!("digest"), &json!(30)));
    assert!(!heard[0].body.contains("nobody must read"), "only names of documents");
    let attributes: Vec<_> = heard[0].attributes.iter().map(|one| (one.name, one.value.as_str())).collect();
    assert_eq!(attributes, [("kind", "digest"), ("company", "SBODEMO_ACME"), ("causes", r#"["BC-0302"]"#)]);
}

#[tokio::test]
async fn what_still_comes_in_is_told_by_the_next_look() {
    let rig = rig();
    rig.fails(1, Code::CodeNotMapped).await;
    assert_eq!(rig.look().await, Ok(false), "more may follow at once");
    rig.fails(2, Code::CodeNotMapped).await;
    rig.pass_minutes(1);
    assert_eq!(rig.look().await, Ok(true));
    assert!(rig.heard()[0].subject.contains("2 documents"));
}

#[tokio::test]
async fn what_the_topic_did_not_take_is_a_coded_error_and_is_told_by_the_next_look() {
    let rig = rig();
    rig.fails(1, Code::CodeNotMapped).await;
    rig.pass_minutes(1);
    *rig.heard.closed.lock().unwrap() = true;
    let (code, message) = rig.look().await.unwrap_err();
    assert_eq!(code, Code::TopicRefused);
    assert!(message.contains("AuthorizationError"), "{message}");
    *rig.heard.closed.lock().unwrap() = false;
    assert_eq!((rig.look().await, rig.look().await), (Ok(true), Ok(false)));
}

#[tokio::test]
async fn a_refused_log_in_and_differences_are_told_as_they_are_on_one_machine() {
    let rig = rig();
    let refusal = json!({"until": rig.world.time.now(), "times": 2, "text": "Invalid login credential"});
    let held = json!({"refusal": refusal}).to_string();
    assert!(rig.cell.save(&held.into(), 0).await.unwrap());
    let last = json!({"at": rig.world.time.now(), "in_balance": false, "differences": 3, "certificate": "s3://b/c.json"});
    rig.world.store.save_record(certificate::LAST_COMPARISON, Some(&last)).await.unwrap();
    rig.pass_minutes(1);
    assert_eq!(rig.look().await, Ok(true));
    let heard = rig.heard();
    let text = body(&heard[0], "email");
    assert!(text.contains("BC-0102") && text.contains("Invalid login credential"), "{text}");
    assert!(text.contains("3 differences") && text.contains("s3://b/c.json"), "{text}");
    assert_eq!(heard[0].attributes[2].value, r#"["drift","standstill"]"#);
}

#[tokio::test]
async fn an_outage_of_either_system_is_one_message_however_long_it_lasts() {
    let rig = rig();
    let since = rig.world.time.now();
    let fails = async |system, code| {
        let watch = Watch::over(system);
        watch.fails(rig.world.store.as_ref(), code, rig.world.time.now()).await;
    };
    for minute in 0..10 {
        fails(System::Coupa, Code::CoupaUnreachable).await;
        fails(System::Sap, Code::SapUnreachable).await;
        assert_eq!(rig.look().await, Ok(minute == 8), "after {minute} looks");
        rig.pass_minutes(2);
    }
    rig.pass_minutes(300);
    fails(System::Coupa, Code::CoupaUnreachable).await;
    assert_eq!(rig.look().await, Ok(false));
    let heard = rig.heard();
    let digest: Value = serde_json::from_str(&body(&heard[0], "default")).unwrap();
    assert_eq!((&digest["outage"]["code"], &digest["outage"]["since"]), (&json!("BC-0201"), &json!(since)));
    assert_eq!(
        (&digest["standstill"]["code"], &digest["standstill"]["since"]),
        (&json!("BC-0101"), &json!(since))
    );

    Watch::over(System::Coupa).works(rig.world.store.as_ref(), rig.world.time.now()).await;
    assert_eq!((rig.look().await, rig.look().await), (Ok(true), Ok(false)));
    assert!(rig.heard()[1].subject.contains("Coupa answers again"));
}

#[tokio::test]
async fn another_event_tells_nobody_anything() {
    let rig = rig();
    rig.fails(1, Code::CodeNotMapped).await;
    rig.pass_minutes(1);
    for event in [json!({}), json!({"tell": "all"}), json!({"Records": []}), json!("news")] {
        let failure = rig.notifier.handle(event.clone()).await.unwrap_err();
        assert_eq!(failure.code, Code::EventForeign, "{event}");
    }
    assert!(rig.heard().is_empty());
}
